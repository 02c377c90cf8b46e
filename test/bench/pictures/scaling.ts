import type { ChartConfiguration } from 'chart.js' with { 'resolution-mode': 'import' }
import { axisStyle, draw, font, INK, PAPER, type Picture, title } from '../../../src/plots/draw'
import { SIDES, type Side } from '../benchmark'
import type { Result } from '../run'
import { formatted } from '../table'
import { panels } from './panels'
import { COLORS, LABELS } from './sides'

type ChartJs = typeof import('chart.js', { with: { 'resolution-mode': 'import' }})
// chart.js has types for ES modules only, and a CommonJS file beside them.
const {
  Chart,
  Legend,
  LineController,
  LineElement,
  LogarithmicScale,
  PointElement,
  Title,
}: ChartJs = require('chart.js')

const PANEL = { width: 640, height: 440 }

interface Panel {
  title: string
  /** Whose curves it has. */
  benchmarks: readonly string[]
  unit: Result['unit']
  xAxis: string
  yAxis: string
  /** What is drawn for a figure at a place on the axis. */
  y(value: number, x: number): number
}

const IMAGES = ['scaling-images', 'compile-images']
const BATCHES = ['scaling-batch']
const MEMORY = { unit: 'B', yAxis: 'Peak memory of the process', y: (value: number) => value } as const

const PANELS: readonly Panel[] = [
  {
    title: 'Full-batch epoch: time',
    benchmarks: IMAGES,
    unit: 's',
    xAxis: 'Images',
    yAxis: 'Time of an epoch',
    y: seconds => seconds,
  },
  { title: 'Full-batch epoch: peak memory', benchmarks: IMAGES, xAxis: 'Images', ...MEMORY },
  {
    title: 'Training step: time of an image',
    benchmarks: BATCHES,
    unit: 's',
    xAxis: 'Images in a batch',
    yAxis: 'Time of a step, by its images',
    y: (seconds, images) => seconds / images,
  },
  { title: 'Training step: peak memory', benchmarks: BATCHES, xAxis: 'Images in a batch', ...MEMORY },
]

/** Time and peak memory against images and against batch size, on logarithmic axes; undefined where nothing of it ran. */
export function scalingPicture(results: readonly Result[]): Picture | undefined {
  Chart.register(Legend, LineController, LineElement, LogarithmicScale, PointElement, Title)
  const drawn = PANELS.flatMap(panel => {
    const rows = results.filter(row => panel.benchmarks.includes(row.benchmark) && row.unit === panel.unit)
    return rows.length > 0 ? [draw(configuration(panel, rows), PANEL)] : []
  })
  return drawn.length > 0 ? panels(drawn, PANEL, 2) : undefined
}

function configuration(panel: Panel, rows: readonly Result[]): ChartConfiguration<'line'> {
  const sides = SIDES.filter(side => rows.some(row => row.figures[side]))
  return {
    type: 'line',
    data: { datasets: sides.map(side => curve(panel, rows, side)) },
    options: {
      layout: { padding: { top: 8, right: 24, bottom: 8, left: 8 } },
      scales: {
        x: logarithmic(panel.xAxis, value => value.toLocaleString('en')),
        y: {
          ...logarithmic(panel.yAxis, value => formatted(value, panel.unit).replace(/\.0+(?= )/, '')),
          ...(panel.unit === 'B' ? { suggestedMin: 1e8, suggestedMax: 1e9 } : {}),
        },
      },
      plugins: {
        title: title(panel.title, 17),
        legend: { labels: { color: INK, font: font(13), boxWidth: 30, boxHeight: 0, padding: 16 } },
      },
    },
  }
}

/** A logarithmic axis with words at the powers of ten, and where it spans few of them at 2 and 5 times those. */
function logarithmic(text: string, words: (value: number) => string) {
  const axis = axisStyle(text)
  function callback(this: { min: number; max: number }, tick: number | string): string {
    const value = Number(tick)
    const leading = Number((value / 10 ** Math.floor(Math.log10(value) + 1e-9)).toFixed(6))
    const shown = this.max / this.min >= 100 ? [1] : [1, 2, 5]
    return shown.includes(leading) ? words(value) : ''
  }
  return { type: 'logarithmic' as const, ...axis, ticks: { ...axis.ticks, callback, maxRotation: 0 } }
}

function curve(panel: Panel, rows: readonly Result[], side: Side) {
  return {
    label: LABELS[side],
    data: rows.flatMap(({ x, figures }) =>
      figures[side] && x !== undefined ? [{ x, y: panel.y(figures[side].value, x) }] : [],
    ),
    borderColor: COLORS[side],
    backgroundColor: COLORS[side],
    borderWidth: side === 'here' || side === 'compiled' ? 3 : 2,
    pointRadius: 3.5,
    pointBackgroundColor: PAPER,
    pointBorderWidth: 1.5,
    clip: false as const,
  }
}
