import type { ChartConfiguration } from 'chart.js' with { 'resolution-mode': 'import' }
import { axisStyle, BLUE, draw, font, INK, ORANGE, PAPER, type Picture, title } from './draw'

type ChartJs = typeof import('chart.js', { with: { 'resolution-mode': 'import' }})
// chart.js has types for ES modules only, and a CommonJS file beside them.
const { Chart, Legend, LinearScale, LineController, LineElement, PointElement, Title }: ChartJs = require('chart.js')

/** Losses of each epoch, in order. */
export interface Losses {
  trainLosses: readonly number[]
  valLosses: readonly number[]
}

/**
 * The losses of a training as curves over the epochs: training as a line, validation as a dashed one (they often lie on each
 * other), each with its last value in the legend. The PNG has 1800 x 1120 pixels.
 */
export function lossPlot(losses: Losses): Picture {
  Chart.register(Legend, LinearScale, LineController, LineElement, PointElement, Title)
  return draw(configuration(losses), { width: 900, height: 560 })
}

function configuration({ trainLosses, valLosses }: Losses): ChartConfiguration<'line'> {
  const epochs = Math.max(trainLosses.length, valLosses.length)
  const axis = (text: string) => ({ type: 'linear' as const, ...axisStyle(text) })
  const xAxis = axis('Epoch')
  return {
    type: 'line',
    data: {
      // The first is drawn last: the validation's dashes and open points lie on the training's line.
      datasets: [
        { ...curve('Validation', valLosses, ORANGE), borderDash: [7, 5], borderWidth: 2, ...points(epochs, 3) },
        { ...curve('Training', trainLosses, BLUE), borderWidth: 3.5, pointRadius: epochs === 1 ? 6 : 0 },
      ],
    },
    options: {
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
        title: title('Loss of each epoch'),
        legend: { labels: { color: INK, font: font(14), boxWidth: 44, boxHeight: 0, padding: 20 }, reverse: true },
      },
    },
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
