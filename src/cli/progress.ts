import { SingleBar } from 'cli-progress'
import type { EpochReport } from '../training'
import type { Output } from './output'

/** Shows the epochs as they end: a bar on a terminal, else a line each. */
export interface Progress extends Disposable {
  epoch(report: EpochReport): void
  /** Leaves the terminal's line to others; epochs that still end are told in lines of their own. */
  stop(): void
}

/** The progress of `epochs` epochs on the stream for people. */
export function progress(output: Output, epochs: number): Progress {
  return output.words.isTTY ? bar(output, epochs) : lines(output, epochs)
}

/** What stands beside the bar at its longest; the bar takes the rest of the line. */
const WORDS = '1000/1000 epochs, loss 0.0000, validation 0.0000, 100.0 s, 10:00 left'.length + 3

function bar(output: Output, epochs: number): Progress {
  let seconds = 0
  const single = new SingleBar({
    stream: output.words,
    barsize: Math.max(8, Math.min(30, (output.words.columns ?? 80) - WORDS)),
    format: '[{bar}] {value}/{total} epochs{state}',
    fps: 30,
  })
  single.start(epochs, 0, { state: ', the first is under way' })
  let stopped = false
  const stop = () => {
    if (!stopped) single.stop()
    stopped = true
  }
  return {
    epoch: report => {
      if (stopped) return lines(output, epochs).epoch(report)
      seconds += report.seconds
      const done = report.epoch + 1
      const { trainLoss, valLoss } = report
      const losses = `loss ${trainLoss.toFixed(4)}, validation ${valLoss.toFixed(4)}`
      // The bar's own estimate counts redraws; ours is the mean epoch times those that are left.
      const left = timeLeft((seconds / done) * (epochs - done))
      single.update(done, { state: `, ${losses}, ${duration(report.seconds)}, ${left} left` })
    },
    stop,
    [Symbol.dispose]: stop,
  }
}

/** `2.1 s`, `0.094 s`. */
function duration(seconds: number): string {
  return `${seconds.toFixed(seconds < 0.95 ? 3 : 1)} s`
}

function timeLeft(seconds: number): string {
  const whole = Math.round(seconds)
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60]
  const [first, ...rest] = parts[0] === 0 ? parts.slice(1) : parts
  return [first, ...rest.map(part => String(part).padStart(2, '0'))].join(':')
}

function lines(output: Output, epochs: number): Progress {
  const width = String(epochs - 1).length
  return {
    epoch: ({ epoch, trainLoss, valLoss, seconds }) => {
      const losses = `training loss ${trainLoss.toFixed(4)}  validation loss ${valLoss.toFixed(4)}`
      output.say(`epoch ${String(epoch).padStart(width)}  ${losses}  ${duration(seconds)}`)
    },
    stop: () => {},
    [Symbol.dispose]: () => {},
  }
}
