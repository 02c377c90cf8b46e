import { type Canvas, createCanvas, type SKRSContext2D, type SvgCanvas, SvgExportFlag } from '@napi-rs/canvas'
import type { ChartConfiguration } from 'chart.js' with { 'resolution-mode': 'import' }
import { FONT, registerFonts } from './fonts'

type ChartJs = typeof import('chart.js', { with: { 'resolution-mode': 'import' }})
// chart.js has types for ES modules only, and a CommonJS file beside them.
const { Chart, Legend, LinearScale, LineController, LineElement, PointElement, Title }: ChartJs = require('chart.js')

/** Losses of each epoch, in order. */
export interface Losses {
  trainLosses: readonly number[]
  valLosses: readonly number[]
}

/** One picture in two formats: an SVG whose text is paths, and a PNG of 1800 x 1120 pixels. */
export interface Picture {
  svg: string
  png: Buffer
}

const WIDTH = 900
const HEIGHT = 560
const PAPER = '#ffffff'
const INK = '#1f2933'
const MUTED = '#52606d'
const GRID = '#e4e7eb'
const TRAINING = '#1f6feb'
const VALIDATION = '#d9480f'

/**
 * The losses of a training as curves over the epochs: training as a line, validation as a dashed one (they often lie on each
 * other), each with its last value in the legend. The text needs no font on the machine that shows the picture.
 */
export function lossPlot(losses: Losses): Picture {
  registerFonts()
  Chart.register(Legend, LinearScale, LineController, LineElement, PointElement, Title)
  const png = drawn(createCanvas(WIDTH, HEIGHT), losses, 2, canvas => canvas.encodeSync('png'))
  const vector = createCanvas(WIDTH, HEIGHT, SvgExportFlag.ConvertTextToPaths)
  const svg = drawn(vector, losses, 1, canvas => canvas.getContent().toString('utf8'))
  return { svg: scalable(svg), png }
}

/** Draws on the canvas and reads it before the chart is destroyed, which wipes it. */
function drawn<C extends Canvas | SvgCanvas, R>(canvas: C, losses: Losses, ratio: number, read: (canvas: C) => R): R {
  const context = canvas.getContext('2d') as never
  const chart = new Chart(context, configuration(losses, ratio))
  try {
    return read(canvas)
  } finally {
    chart.destroy()
  }
}

function configuration({ trainLosses, valLosses }: Losses, devicePixelRatio: number): ChartConfiguration<'line'> {
  const epochs = Math.max(trainLosses.length, valLosses.length)
  const font = (size: number, weight: 'normal' | 'bold' = 'normal') => ({ family: FONT, size, weight })
  const axis = (text: string) => ({
    type: 'linear' as const,
    title: { display: true, text, color: INK, font: font(15, 'bold'), padding: 8 },
    ticks: { color: MUTED, font: font(13) },
    grid: { color: GRID },
    border: { color: MUTED },
  })
  const xAxis = axis('Epoch')
  return {
    type: 'line',
    data: {
      // The first is drawn last: the validation's dashes and open points lie on the training's line.
      datasets: [
        { ...curve('Validation', valLosses, VALIDATION), borderDash: [7, 5], borderWidth: 2, ...points(epochs, 3) },
        { ...curve('Training', trainLosses, TRAINING), borderWidth: 3.5, pointRadius: epochs === 1 ? 6 : 0 },
      ],
    },
    options: {
      responsive: false,
      animation: false,
      events: [],
      devicePixelRatio,
      layout: { padding: { top: 8, right: 28, bottom: 8, left: 8 } },
      scales: {
        // A single epoch is a point in the middle, not an axis of no length.
        x: {
          ...xAxis,
          min: epochs === 1 ? -1 : 0,
          max: Math.max(1, epochs - 1),
          ticks: {
            ...xAxis.ticks,
            precision: 0,
            maxTicksLimit: 13,
            callback: value => (Number(value) < 0 ? '' : `${value}`),
          },
        },
        y: { ...axis('Cross-entropy loss'), beginAtZero: true, grace: '5%' },
      },
      plugins: {
        title: {
          display: true,
          text: 'Loss of each epoch',
          color: INK,
          font: font(20, 'bold'),
          padding: { top: 8, bottom: 4 },
        },
        legend: { labels: { color: INK, font: font(14), boxWidth: 44, boxHeight: 0, padding: 20 }, reverse: true },
      },
    },
    plugins: [{ id: 'paper', beforeDraw: ({ ctx, width, height }) => paint(ctx, width, height) }],
  }
}

function points(epochs: number, radius: number) {
  return { pointRadius: epochs <= 60 ? radius : 0, pointBackgroundColor: PAPER, pointBorderWidth: 1.5 }
}

function curve(name: string, losses: readonly number[], color: string) {
  const last = losses.at(-1)
  return {
    label: last === undefined ? name : `${name} (last: ${last.toFixed(4)})`,
    data: losses.map((loss, epoch) => ({ x: epoch, y: loss })),
    borderColor: color,
    backgroundColor: color,
    borderJoinStyle: 'round' as const,
    clip: false as const,
  }
}

function paint(
  context: Pick<SKRSContext2D, 'save' | 'fillStyle' | 'fillRect' | 'restore'>,
  width: number,
  height: number,
): void {
  context.save()
  context.fillStyle = PAPER
  context.fillRect(0, 0, width, height)
  context.restore()
}

/** Skia writes a fixed size only; a viewBox lets the picture be shown in any. */
function scalable(svg: string): string {
  return /<svg[^>]*viewBox/.test(svg) ? svg : svg.replace('<svg ', `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" `)
}
