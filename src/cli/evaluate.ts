import { statSync } from 'node:fs'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { DataError } from '../core/errors'
import { setNumThreads } from '../core/threads'
import { version } from '../core/version'
import { load } from '../serialize'
import { evaluate as evaluateModel, Net } from '../training'
import { asBatch, loadImages } from './data'
import { chooseDevice } from './device'
import { output } from './output'

/** The options of `evaluate`, checked. */
export interface EvaluateCommand {
  batchSize: 'full' | number
  device: string
  threads?: number
  data?: string
  json?: boolean
}

/** The command `evaluate`: a saved network on the test set, in eval mode. */
export async function evaluate(place: string, options: EvaluateCommand): Promise<void> {
  const out = output(options.json ?? false)
  const path = modelFile(place)
  if (options.threads !== undefined) setNumThreads(options.threads)
  const device = chooseDevice(options.device)
  const model = new Net()
  model.loadStateDict(load(path))
  model.to(device)
  const { test } = await loadImages(options.data, out)
  const [images, labels] = asBatch(test, device)
  const start = performance.now()
  const { accuracy } = await evaluateModel(model, [images, labels], { mode: 'eval', batchSize: options.batchSize })
  const seconds = (performance.now() - start) / 1000
  const count = labels.size(0)
  out.say(`accuracy on the test set: ${accuracy.toFixed(4)} (${count} images, eval mode, ${images.device})`)
  out.event({
    event: 'done',
    testAccuracy: accuracy,
    images: count,
    seconds,
    device: images.device,
    libtorch: version.libtorch,
    model: path,
  })
}

function modelFile(place: string): string {
  const there = statSync(place, { throwIfNoEntry: false })
  const path = there?.isDirectory() ? join(place, 'model.safetensors') : place
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) {
    throw new DataError(`${path}: expected a .safetensors file or the folder of a training, found nothing`)
  }
  return path
}
