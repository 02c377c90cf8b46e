import { writeFileSync } from 'node:fs'
import { SingleBar } from 'cli-progress'
import type { Device } from '../core/device'
import { InvalidArgValueError } from '../core/errors'
import { type DataProgress, fashionMnist } from '../data'
import { samplesPicture } from '../plots'
import type { Tensor } from '../tensor/tensor'
import type { Output } from './output'

/** Grey images `[N, 28, 28]` and their labels `[N]`, uint8. */
export interface Images {
  images: Tensor<[number, 28, 28], 'uint8'>
  labels: Tensor<[number], 'uint8'>
}

/** What `--data` names: a folder, `sample`, or without it whatever `loadData` finds or fetches. */
export async function loadImages(place: string | undefined, output: Output): Promise<{ train: Images; test: Images }> {
  using shown = progressOf(output)
  const where = place === 'sample' ? { sample: true } : place === undefined ? {} : { root: place }
  const [train, test] = await fashionMnist.loadData({ ...where, onProgress: shown.tell })
  return { train: { images: train[0], labels: train[1] }, test: { images: test[0], labels: test[1] } }
}

/** A bar for each file that is fetched on a terminal, else a line; and one line that says where the data came from. */
function progressOf(output: Output): Disposable & { tell(progress: DataProgress): void } {
  let file: string | undefined
  let bar: SingleBar | undefined
  return {
    tell({ step, message, file: name, received = 0, total = 0 }) {
      if (step !== 'download' || name === undefined) {
        bar?.stop()
        bar = undefined
        output.say(message)
        return
      }
      if (name !== file) {
        file = name
        bar?.stop()
        bar = undefined
        if (output.words.isTTY) {
          bar = new SingleBar({ stream: output.words, format: '{file} [{bar}] {percentage}%', barsize: 24 })
          bar.start(total, received, { file: name })
        } else {
          output.say(message)
        }
      }
      bar?.update(received)
    },
    [Symbol.dispose]: () => bar?.stop(),
  }
}

/** The first `limit` images; refused where there are fewer. */
export function firstImages({ images, labels }: Images, limit: number | undefined): Images {
  const count = labels.size(0)
  if (limit === undefined) return { images, labels }
  if (limit > count) {
    throw new InvalidArgValueError(`--limit ${limit}: expected at most ${count}, the number of training images`)
  }
  return { images: images.narrow(0, 0, limit), labels: labels.narrow(0, 0, limit) } as Images
}

/** What the network takes: images `[N, 1, 28, 28]` of 0 to 255 as float32, labels int64 `[N]`. */
export function asBatch(
  { images, labels }: Images,
  device: Device,
): [Tensor<[number, 1, 28, 28], 'float32'>, Tensor<[number], 'int64'>] {
  const count = labels.size(0)
  return [images.to(device).reshape([count, 1, 28, 28]).float(), labels.to(device).long()]
}

/** The shapes of images and labels, as the article prints them. */
export function shapes({ images, labels }: Images): string {
  return `[${images.shape.join(', ')}] [${labels.shape.join(', ')}]`
}

/** Writes images 10 and 20, each under the name of its class. */
export function drawSamples({ images, labels }: Images, path: string): void {
  const samples = [10, 20].map(index => {
    const label = labels.at(index).item() as number
    return {
      pixels: images.at(index).bytes(),
      width: 28,
      height: 28,
      title: fashionMnist.classes[label]!,
      subtitle: `image ${index}, label ${label}`,
    }
  })
  writeFileSync(path, samplesPicture(samples))
}
