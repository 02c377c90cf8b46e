import { randomInt } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
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
  // Random seeds are drawn here, not by libtorch, so that `history.json` can name them and the run be repeated.
  const { seed = randomInt(2 ** 32), splitSeed = randomInt(2 ** 32) } = options
  const folder = makeRunFolder(options.out)

  const [trainX, valX, trainY, valY] = trainTestSplit(chosen.images, chosen.labels, {
    testSize: 0.1,
    randomState: splitSeed,
  })
  const training = asBatch({ images: trainX, labels: trainY }, device)
  const validation = asBatch({ images: valX, labels: valY }, device)
  out.say(`trainX, trainY, testX, testY: ${shapes(data.train)} ${shapes(data.test)}`)
  drawSamples(data.train, join(folder, 'samples.png'))
  out.say(`images 10 and 20: ${join(folder, 'samples.png')}`)
  out.say(`training on [${training[0].shape.join(', ')}], validating on [${validation[0].shape.join(', ')}]`)

  manualSeed(seed)
  const model = new Net()
  model.to(device)
  const optimizer = new Adam(model.parameters(), { lr: options.lr })
  out.say(String(model))

  const report: Report = {
    trainLosses: [],
    valLosses: [],
    seconds: [],
    settings: {
      epochs: options.epochs,
      lr: options.lr,
      batchSize: options.batchSize,
      seed,
      splitSeed,
      device: training[0].device,
      threads: getNumThreads(),
      images: chosen.labels.size(0),
      data: options.data ?? 'Fashion-MNIST',
      libtorch: version.libtorch,
    },
  }
  using shown = progress(out, options.epochs)
  using interrupt = interruptible(() => {
    shown.stop()
    out.say('Stopping after this step. Ctrl-C once more ends at once.')
  })
  const signal = AbortSignal.any([interrupt.signal, out.closed])
  const start = performance.now()
  try {
    await trainModel(
      model,
      { train: training, validation },
      {
        epochs: options.epochs,
        optimizer,
        batchSize: options.batchSize,
        signal,
        onEpoch: ({ epoch, trainLoss, valLoss, seconds }) => {
          report.trainLosses.push(trainLoss)
          report.valLosses.push(valLoss)
          report.seconds.push(seconds)
          out.event({ event: 'epoch', epoch, trainLoss, valLoss, seconds })
          shown.epoch({ epoch, trainLoss, valLoss, seconds })
        },
      },
    )
  } catch (error) {
    if (!(error instanceof AbortError)) throw error
    report.interrupted = true
  }
  shown.stop()
  const seconds = (performance.now() - start) / 1000

  save(model.stateDict(), join(folder, 'model.safetensors'))
  keep(report, folder)
  if (report.trainLosses.length > 0) {
    const { svg, png } = lossPlot(report)
    writeFileSync(join(folder, 'loss.svg'), svg)
    writeFileSync(join(folder, 'loss.png'), png)
    out.say(`loss of each epoch: ${join(folder, 'loss.svg')}, ${join(folder, 'loss.png')}`)
  }
  if (report.interrupted) return stopped(out, report, folder)

  try {
    // In train mode, as the article does it; this moves the running statistics, so the network is saved by now.
    report.trainAccuracy = (await evaluate(model, training, { signal })).accuracy
    report.valAccuracy = (await evaluate(model, validation, { signal })).accuracy
    report.testAccuracy = (await evaluate(model, asBatch(data.test, device), { signal })).accuracy
  } catch (error) {
    if (!(error instanceof AbortError)) throw error
    return stopped(out, report, folder)
  }
  keep(report, folder)
  const { trainAccuracy, valAccuracy, testAccuracy } = report
  out.say(`accuracy on the training set:   ${trainAccuracy.toFixed(4)}`)
  out.say(`accuracy on the validation set: ${valAccuracy.toFixed(4)}`)
  out.say(`accuracy on the test set:       ${testAccuracy.toFixed(4)}`)
  out.say(`the trained network: ${join(folder, 'model.safetensors')}`)
  out.event({
    event: 'done',
    trainAccuracy,
    valAccuracy,
    testAccuracy,
    epochs: options.epochs,
    seconds,
    device: training[0].device,
    libtorch: version.libtorch,
    out: folder,
  })
}

function keep(report: Report, folder: string): void {
  writeFileSync(join(folder, 'history.json'), `${JSON.stringify(report, null, 2)}\n`)
}

/** After Ctrl-C (exit code 130), or when nobody reads stdout any more (141, as after SIGPIPE). */
function stopped(out: Output, { trainLosses, settings }: Report, folder: string): void {
  out.say(`stopped after ${trainLosses.length} of ${settings.epochs} epochs; what was trained is in ${folder}`)
  process.exitCode = out.closed.aborted ? 141 : 130
}
