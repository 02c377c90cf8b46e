import * as torch from '../../../src'
import { benchmark, SECONDS, type Size } from '../benchmark'
import { settler } from '../gpu'
import { timed } from '../measure'
import { randomImages } from './epoch'

const BATCHES: Record<Size, number[]> = { tiny: [2], quick: [1, 32], full: [1, 32, 64, 256] }

export type StepArguments = { batch: number; seconds: number; fused?: boolean; device?: torch.Device }

/** What a training step asks of its network. */
export interface Trainable extends torch.nn.Module {
  forward(x: torch.Tensor): torch.Tensor
}

/** One training step as people write it, ready to be called. */
export function trainingStep(net: Trainable, optimizer: torch.Steps, x: torch.Tensor, y: torch.Tensor): () => void {
  const criterion = new torch.nn.CrossEntropyLoss()
  return () => {
    optimizer.zeroGrad()
    criterion.forward(net.forward(x), y).backward()
    optimizer.step()
  }
}

/** A name for a batch: `1 image`, `1,024 images`. */
export const batchName = (batch: number) => `${batch.toLocaleString('en')} ${batch === 1 ? 'image' : 'images'}`

/** The one case of a network that takes one size of batch. */
export const batchOf = (batch: number, seconds: number) => [{ name: batchName(batch), args: { batch, seconds } }]

/** Seconds of a training step of the article's network. */
export function measureStep({ batch, seconds, fused = false, device = 'cpu' }: StepArguments): number[] {
  torch.manualSeed(0)
  const net = new torch.Net().to(device)
  const optimizer = new torch.optim.Adam(net.parameters(), { lr: 0.07, fused: fused || null })
  return timed(trainingStep(net as Trainable, optimizer, ...randomImages(batch, device)), seconds, settler(device))
}

export default benchmark<StepArguments>({
  name: 'step',
  title: "A training step of the article's network",
  short: 'Training step',
  about: `\`zeroGrad\`, \`forward\`, the loss, \`backward\` and Adam's \`step\` on one batch that stays the same, written as a plain loop on
both sides, on one thread.`,
  threads: 1,
  cases: size => [
    ...BATCHES[size].map(batch => ({ name: batchName(batch), args: { batch, seconds: SECONDS[size] } })),
    { name: '1 image, fused Adam', args: { batch: 1, seconds: SECONDS[size], fused: true } },
  ],
  here: measureStep,
  python: 'step.py',
})
