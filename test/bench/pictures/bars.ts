import type { ChartConfiguration, Plugin } from 'chart.js' with { 'resolution-mode': 'import' }
import { axisStyle, draw, font, GRID, INK, type Picture, title } from '../../../src/plots/draw'
import { SIDES, type Side } from '../benchmark'
import { benchmarks } from '../benchmarks'
import type { Result } from '../run'
import { formatted } from '../table'
import { COLORS, LABELS } from './sides'

type ChartJs = typeof import('chart.js', { with: { 'resolution-mode': 'import' }})
// chart.js has types for ES modules only, and a CommonJS file beside them.
const { BarController, BarElement, CategoryScale, Chart, Legend, LinearScale, LogarithmicScale, Title }: ChartJs =
  require('chart.js')

const WIDTH = 1000
const BAR = 17
/** What a label of two lines needs. */
const LABEL = 34
const BETWEEN = 12
const AROUND = 150

/** The rows that a bar picture shows: times, of the benchmarks that want bars, or of all where none of them ran. */
export function barRows(results: readonly Result[]): Result[] {
  const times = results.filter(
    row => row.unit === 's' && (row.figures.compiled ?? row.figures.here) && row.x === undefined,
  )
  const wanted = times.filter(row => !benchmarks.find(({ name }) => name === row.benchmark)?.noBars)
  return wanted.length > 0 ? wanted : times
}

/**
 * A bar for each side of each row, as long as its time divided by Python's, with the time itself at its end; where no Python is, our
 * times on a logarithmic axis.
 */
export function barPicture(results: readonly Result[]): Picture {
  Chart.register(BarController, BarElement, CategoryScale, Legend, LinearScale, LogarithmicScale, Title)
  const rows = barRows(results)
  const sides = SIDES.filter(side => rows.some(row => row.figures[side]))
  const height = AROUND + rows.length * (Math.max(sides.length * BAR, LABEL) + BETWEEN)
  return draw(configuration(rows, sides), { width: WIDTH, height })
}

function configuration(rows: readonly Result[], sides: readonly Side[]): ChartConfiguration<'bar'> {
  const relative = rows.every(row => row.figures.python)
  const length = (row: Result, side: Side) => {
    const value = row.figures[side]?.value
    return value === undefined ? null : relative ? value / row.figures.python!.value : value
  }
  const axis = axisStyle(relative ? "Time as a share of Python's (shorter is faster)" : 'Seconds (shorter is faster)')
  return {
    type: 'bar',
    data: {
      labels: rows.map(label),
      datasets: sides.map(side => ({
        label: LABELS[side],
        data: rows.map(row => length(row, side)),
        backgroundColor: COLORS[side],
        // A side that a row lacks leaves no hole.
        skipNull: true,
        categoryPercentage: 0.84,
        barPercentage: 0.86,
        maxBarThickness: BAR - 2,
      })),
    },
    options: {
      indexAxis: 'y',
      layout: { padding: { top: 8, right: 80, bottom: 8, left: 12 } },
      scales: {
        x: { ...axis, type: relative ? 'linear' : 'logarithmic', ...(relative ? { min: 0 } : {}) },
        y: { ticks: { color: INK, font: font(14), autoSkip: false }, grid: { color: GRID, display: false } },
      },
      plugins: {
        title: title(relative ? 'Time, beside Python in the same run' : 'Time'),
        legend: { labels: { color: INK, font: font(14), boxWidth: 22, boxHeight: 12, padding: 20 } },
      },
    },
    plugins: [values(rows, sides)],
  }
}

function label(row: Result): string | string[] {
  const { short } = benchmarks.find(({ name }) => name === row.benchmark)!
  return row.row === short.toLowerCase() ? short : [short, row.row]
}

/** Writes each time at the end of its bar. */
function values(rows: readonly Result[], sides: readonly Side[]): Plugin<'bar'> {
  return {
    id: 'values',
    afterDatasetsDraw(chart) {
      const { ctx } = chart
      ctx.save()
      ctx.font = `13px ${font(13).family}`
      ctx.textBaseline = 'middle'
      ctx.fillStyle = INK
      sides.forEach((side, i) => {
        rows.forEach((row, k) => {
          const bar = chart.getDatasetMeta(i).data[k]
          const figure = row.figures[side]
          if (bar && figure) ctx.fillText(formatted(figure.value, 's'), bar.x + 6, bar.y)
        })
      })
      ctx.restore()
    },
  }
}
