import { SingleBar } from 'cli-progress'
import type { EpochReport } from '../training'
import type { Output } from './output'

/** Shows the epochs as they end: a bar on a terminal, else a line each. */
export interface Progress extends Disposable {
  epoch(report: EpochReport): void
}

/** The progress of `epochs` epochs on the stream for people. */
export function progress(output: Output, epochs: number): Progress {
  return output.words.isTTY ? bar(output, epochs) : lines(output, epochs)
}

function bar(output: Output, epochs: number): Progress {
  let seconds = 0
  const single = new SingleBar({
    stream: output.words,
    barsize: 24,
    // The default estimate counts redraws; ours is the mean epoch times those that are left.
    format: '[{bar}] {value}/{total}  {state}',
    fps: 30,
  })
  single.start(epochs, 0, { state: 'the first step is under way' })
  return {
    epoch: report => {
      seconds += report.seconds
      const done = report.epoch + 1
      single.update(done, { state: `${numbers(report, 1)}  ${timeLeft(seconds / done, epochs - done)}` })
    },
    [Symbol.dispose]: () => single.stop(),
  }
}

function lines(output: Output, epochs: number): Progress {
  const width = String(epochs - 1).length
  return {
    epoch: report => output.say(numbers(report, width)),
    [Symbol.dispose]: () => {},
  }
}

function numbers({ epoch, trainLoss, valLoss, seconds }: EpochReport, width: number): string {
  return `epoch ${String(epoch).padStart(width)}  training loss ${trainLoss.toFixed(4)}  validation loss ${valLoss.toFixed(4)}  ${seconds.toFixed(1)} s`
}

function timeLeft(secondsAnEpoch: number, epochs: number): string {
  const left = Math.round(secondsAnEpoch * epochs)
  if (left < 60) return `${left} s left`
  return `${Math.floor(left / 60)} min ${left % 60} s left`
}
