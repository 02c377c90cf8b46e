import { noGrad } from '../autograd'
import type { CompiledModule, CompiledStep } from '../compile'
import { turn } from '../core/abort'
import type { Job } from '../core/job'
import { DataLoader } from '../data'
import { tidy } from '../memory'
import type { Module } from '../nn'
import { callOperator } from '../ops/registry'
import { arange, type Tensor } from '../tensor'
import { withMode } from './batch'
import { weightedMean } from './batches'

/** What a compiled epoch needs of a training. */
export interface CompiledRun {
  job: Job
  step: CompiledStep
  /** The model, compiled for its predictions. */
  predict: CompiledModule<Module & { forward(x: Tensor): Tensor }>
  x: Tensor
  y: Tensor
  valX: Tensor
  valY: Tensor
  optimizer: { zeroGrad(): unknown; step(): unknown }
  signal: AbortSignal | undefined
  loss(output: Tensor, target: Tensor): Tensor
}

/** One step with all images; gives both losses, in train mode and before the step. */
export async function compiledFullBatch(run: CompiledRun): Promise<[number, number]> {
  const { job, step, x, y, valX, valY, optimizer } = run
  const both = job.run(() => {
    optimizer.zeroGrad()
    const losses = step.run(x, y, undefined, [valX, valY])
    optimizer.step()
    return losses
  })
  await job.settled()
  using losses = both
  return losses.tolist() as [number, number]
}

/** Steps that may be queued while one runs: they are short. */
const AHEAD = 8

/** An epoch of batches in the order of a `DataLoader` that shuffles; the validation loss in eval mode, afterwards. */
export async function compiledMiniBatches(run: CompiledRun, batchSize: number): Promise<[number, number]> {
  const { job, step, x, y, valX, valY, optimizer, signal } = run
  const losses: Tensor[] = []
  const sizes: number[] = []
  const marks: number[] = []
  using rows = arange(x.size(0))
  try {
    for (const [order] of new DataLoader([rows], { batchSize, shuffle: true })) {
      using _order = order
      if (marks.length > AHEAD) await job.reached(marks.shift()!)
      if (losses.length > 0) await turn(signal)
      job.run(() => {
        optimizer.zeroGrad()
        losses.push(step.run(x, y, order))
        optimizer.step()
      })
      sizes.push(order.size(0))
      marks.push(job.mark)
    }
    await job.settled()
    await turn(signal)
    losses.push(
      job.run(() =>
        withMode(run.predict, false, () =>
          noGrad(() => tidy(() => run.loss(run.predict.forward(valX), valY).detach().double().reshape([1]))),
        ),
      ),
    )
    using together = job.run(() => callOperator('aten::cat', '', [losses, 0]) as Tensor<[number], 'float64'>)
    await job.settled()
    const values = together.tolist()
    return [weightedMean(values, sizes), values.at(-1)!]
  } finally {
    for (const tensor of losses) tensor.dispose()
  }
}
