import { randomInt } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { explain } from '../compile'
import { getNumThreads, setNumThreads } from '../core/threads'
import { version } from '../core/version'
import { trainTestSplit } from '../data'
import { Adam } from '../optim'
import { lossPlot } from '../plots'
import { save } from '../serialize'
import { manualSeed } from '../tensor/random'
import { AbortError, evaluate, type History, Net, train as trainModel } from '../training'
import { asBatch, drawSamples, firstImages, loadImages, shapes } from './data'
import { chooseDevice } from './device'
import { interruptible } from './interrupt'
import { type Output, output } from './output'
import { progress } from './progress'
import { checkRunFolder, makeRunFolder } from './run-folder'

/** The options of `train`, checked. */
export interface TrainCommand {
  epochs: number
  lr: number
  batchSize: 'full' | number
  seed?: number
  splitSeed?: number
  device: string
  threads?: number
  compile?: boolean
  limit?: number
  data?: string
  out?: string
  json?: boolean
}

/** What is known of a run while it goes on; `history.json` holds it. */
interface Report extends History {
  seconds: number[]
  settings: Record<string, unknown>
  interrupted?: boolean
  trainAccuracy?: number
  valAccuracy?: number
  testAccuracy?: number
}

/** The command `train`: the article, from the four shapes to the accuracies. */
export async function train(options: TrainCommand): Promise<void> {
  const out = output(options.json ?? false)
  checkRunFolder(options.out)
  if (options.threads !== undefined) setNumThreads(options.threads)
  const device = chooseDevice(options.device)
  const data = await loadImages(options.data, out)
  const chosen = firstImages(data.train, options.limit)
  const folder = makeRunFolder(options.out)
  const say = (what: string, file: string) => out.say(`${what} ${join(folder, file)}`)

  out.say(`trainX, trainY, testX, testY: ${shapes(data.train)} ${shapes(data.test)}`)
  drawSamples(data.train, join(folder, 'samples.png'))
  say('images 10 and 20:', 'samples.png')

  // Random seeds are drawn here, not by libtorch, so that `history.json` can name them and the run be repeated.
  const { seed = randomInt(2 ** 32), splitSeed = randomInt(2 ** 32) } = options
  const split = { testSize: 0.1, randomState: splitSeed }
  const [trainX, valX, trainY, valY] = trainTestSplit(chosen.images, chosen.labels, split)
  const training = asBatch({ images: trainX, labels: trainY }, device)
  const validation = asBatch({ images: valX, labels: valY }, device)
  out.say(`training on [${training[0].shape.join(', ')}], validating on [${validation[0].shape.join(', ')}]`)

  manualSeed(seed)
  const model = new Net()
  model.to(device)
  out.say(String(model))

  const { epochs, lr, batchSize, compile = false } = options
  const settings = {
    epochs,
    lr,
    batchSize,
    seed,
    splitSeed,
    device: training[0].device,
    threads: getNumThreads(),
    compile,
    images: chosen.labels.size(0),
    data: options.data ?? 'Fashion-MNIST',
    libtorch: version.libtorch,
  }
  const report: Report = { trainLosses: [], valLosses: [], seconds: [], settings }
  using shown = progress(out, epochs)
  using interrupt = interruptible(() => {
    shown.stop()
    out.say('Stopping after this step. Ctrl-C once more ends at once.')
  })
  const signal = AbortSignal.any([interrupt.signal, out.closed])
  const start = performance.now()
  const finished = await unlessAborted(
    trainModel(
      model,
      { train: training, validation },
      {
        epochs,
        optimizer: new Adam(model.parameters(), { lr }),
        batchSize,
        compile,
        signal,
        onEpoch: ({ epoch, trainLoss, valLoss, seconds }) => {
          report.trainLosses.push(trainLoss)
          report.valLosses.push(valLoss)
          report.seconds.push(rounded(seconds))
          out.event({ event: 'epoch', epoch, trainLoss, valLoss, seconds: rounded(seconds) })
          shown.epoch({ epoch, trainLoss, valLoss, seconds })
        },
      },
    ),
  )
  const seconds = (performance.now() - start) / 1000
  shown.stop()
  if (!finished) report.interrupted = true
  if (compile) out.say(explain(model))

  save(model.stateDict(), join(folder, 'model.safetensors'))
  keep(report, folder)
  if (report.trainLosses.length > 0) {
    drawLosses(report, folder)
    say('loss of each epoch:', 'loss.svg')
  }
  // In train mode, as the article does it; this moves the running statistics, so the network is saved by now.
  const accuracyOn = async (set: typeof training) => (await evaluate(model, set, { signal })).accuracy
  const measured =
    finished &&
    (await unlessAborted(
      (async () => {
        report.trainAccuracy = await accuracyOn(training)
        report.valAccuracy = await accuracyOn(validation)
        report.testAccuracy = await accuracyOn(asBatch(data.test, device))
      })(),
    ))
  if (!measured) return stopped(out, report, folder)

  keep(report, folder)
  const { trainAccuracy, valAccuracy, testAccuracy } = report
  out.say(`accuracy on the training set:   ${trainAccuracy!.toFixed(4)}`)
  out.say(`accuracy on the validation set: ${valAccuracy!.toFixed(4)}`)
  out.say(`accuracy on the test set:       ${testAccuracy!.toFixed(4)}`)
  say('the trained network:', 'model.safetensors')
  const { device: used, libtorch } = settings
  const accuracies = { trainAccuracy, valAccuracy, testAccuracy }
  out.event({ event: 'done', ...accuracies, epochs, seconds: rounded(seconds), device: used, libtorch, out: folder })
}

/** True once done, false where an `AbortError` ended it. */
async function unlessAborted(work: Promise<unknown>): Promise<boolean> {
  try {
    await work
    return true
  } catch (error) {
    if (error instanceof AbortError) return false
    throw error
  }
}

/** To milliseconds: more digits say nothing. */
function rounded(seconds: number): number {
  return Number(seconds.toFixed(3))
}

function keep(report: Report, folder: string): void {
  writeFileSync(join(folder, 'history.json'), `${JSON.stringify(report, null, 2)}\n`)
}

function drawLosses(report: Report, folder: string): void {
  const { svg, png } = lossPlot(report)
  writeFileSync(join(folder, 'loss.svg'), svg)
  writeFileSync(join(folder, 'loss.png'), png)
}

/** After Ctrl-C (exit code 130), or when nobody reads stdout any more (141, as after SIGPIPE). */
function stopped(out: Output, { trainLosses, settings }: Report, folder: string): void {
  out.say(`stopped after ${trainLosses.length} of ${settings.epochs} epochs; what was trained is in ${folder}`)
  process.exitCode = out.closed.aborted ? 141 : 130
}
