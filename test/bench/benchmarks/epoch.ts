import * as torch from '../../../src'
import { benchmark, type Size } from '../benchmark'
import { assertFused } from './compiled'

export const IMAGES: Record<Size, number> = { tiny: 40, quick: 6000, full: 60_000 }

export type EpochArguments = { images: number; epochs: number; compile?: boolean; device?: torch.Device }

/** A name for a full batch: `54,000 + 6,000 images`. */
export function splitName(images: number): string {
  const heldOut = Math.floor(images / 10)
  return `${(images - heldOut).toLocaleString('en')} + ${heldOut.toLocaleString('en')} images`
}

/** Random images `[N, 1, 28, 28]` and labels `[N]`: to the network, the article's. */
export function randomImages(n: number, device: torch.Device = 'cpu') {
  return [torch.rand([n, 1, 28, 28], { device }), torch.randint(10, [n], { device })] as const
}

/** A full-batch training of the article on random images, ready to be started; it gives the seconds of each epoch but the first. */
export function fullBatchTraining(args: EpochArguments): () => Promise<number[]> {
  const { images, epochs, compile = false, device = 'cpu' } = args
  const heldOut = Math.floor(images / 10)
  torch.manualSeed(0)
  const model = new torch.Net().to(device)
  const optimizer = new torch.optim.Adam(model.parameters(), { lr: 0.07 })
  const data = { train: randomImages(images - heldOut, device), validation: randomImages(heldOut, device) }
  return async () => {
    const seconds: number[] = []
    const onEpoch = (report: torch.EpochReport) => void seconds.push(report.seconds)
    await torch.train(model, data, { epochs: epochs + 1, optimizer, onEpoch, compile })
    if (compile) assertFused(model)
    return seconds.slice(1)
  }
}

export default benchmark<EpochArguments>({
  name: 'epoch',
  title: "A full-batch epoch of the article's network",
  short: 'Epoch',
  about: `An epoch of \`train\` with \`batchSize: 'full'\`: the outputs of nine tenths of the images for training and one tenth for
validation, both losses, \`backward\` and one step of Adam. Python's side is the article's loop, written out. The images are
random; to the network they are as good as Fashion-MNIST. The first epoch of each process warms it up and does not count.`,
  memory: true,
  cases: size => [{ name: splitName(IMAGES[size]), args: { images: IMAGES[size], epochs: size === 'full' ? 3 : 2 } }],
  here: args => fullBatchTraining(args)(),
  python: 'epoch.py',
})
