import { performance } from 'node:perf_hooks'
import { noGrad } from '../autograd'
import type { CompiledModule, CompiledStep } from '../compile'
import { turn } from '../core/abort'
import type { Job } from '../core/job'
import { drawShuffledOrder } from '../data/sampler'
import { tidy } from '../memory'
import type { Module } from '../nn'
import { callOperator } from '../ops/registry'
import { nativeStepOf } from '../optim/optimizer'
import type { Tensor } from '../tensor'
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
  /** Batches that a task takes, so that it takes not too long; grows and shrinks with what they take. */
  steps: number
  loss(output: Tensor, target: Tensor): Tensor
}

/** The losses of `run`, which makes the optimizer's part too where native code has it. */
export function wholeStep<L>(
  optimizer: { zeroGrad(): unknown; step(): unknown },
  run: (native: ReturnType<typeof nativeStepOf>) => L,
): L {
  const native = nativeStepOf(optimizer)
  if (native === undefined) optimizer.zeroGrad()
  const losses = run(native)
  if (native === undefined) optimizer.step()
  return losses
}

/** One step with all images; gives both losses, in train mode and before the step. */
export async function compiledFullBatch(run: CompiledRun): Promise<[number, number]> {
  const { job, step, x, y, valX, valY, optimizer } = run
  const both = job.run(() =>
    wholeStep(optimizer, native => step.run(x, y, { validation: [valX, valY], optimizer: native })),
  )
  await job.settled()
  using losses = both
  return losses.tolist() as [number, number]
}

/** How long a task may take in which native code makes many steps, in milliseconds: an abort waits for it. */
const TASK = 10

/** Tasks that may be queued while one is at work; of a single step each, more, for they are short. */
const AHEAD = 1
const AHEAD_SINGLE = 8

/** An epoch of batches in the order of a `DataLoader` that shuffles; the validation loss in eval mode, afterwards. */
export async function compiledMiniBatches(run: CompiledRun, batchSize: number): Promise<[number, number]> {
  const { job, step, x, y, valX, valY, optimizer, signal } = run
  const losses: Tensor[] = []
  const sizes: number[] = []
  const marks: number[] = []
  const count = x.size(0)
  using order = drawShuffledOrder(count)
  try {
    let since = performance.now()
    for (let at = 0; at < count; ) {
      const native = nativeStepOf(optimizer)
      const steps = native === undefined ? 1 : run.steps
      if (marks.length > (native === undefined ? AHEAD_SINGLE : AHEAD)) {
        await job.reached(marks.shift()!)
        const now = performance.now()
        run.steps = Math.max(1, Math.floor(run.steps * Math.min(2, TASK / (now - since))))
        since = now
      }
      if (losses.length > 0) await turn(signal)
      const end = Math.min(count, at + steps * batchSize)
      job.run(() => {
        using rows = order.narrow(0, at, end - at)
        losses.push(wholeStep(optimizer, own => step.run(x, y, { order: rows, batch: batchSize, optimizer: own })))
      })
      for (; at < end; at += batchSize) sizes.push(Math.min(batchSize, end - at))
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
