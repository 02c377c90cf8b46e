import { type Forward, GraphedTraining } from '../compile'
import { turn } from '../core/abort'
import type { Job } from '../core/job'
import { drawShuffledOrder } from '../data/sampler'
import type { Module } from '../nn'
import { callOperator } from '../ops/registry'
import { emptyLike, type Tensor } from '../tensor'
import { weightedMean } from './batches'

/** What an epoch by CUDA graphs needs of a training. */
export interface GraphedRun {
  job: Job
  steps: GraphedTraining
  x: Tensor
  y: Tensor
  signal: AbortSignal | undefined
}

/** `rows` of a step are those of a batch, or all. */
export function newGraphedRun(
  run: Omit<GraphedRun, 'steps' | 'x' | 'y'> & { model: Module; optimizer: unknown },
  [x, y]: readonly [Tensor, Tensor],
  batchSize: 'full' | number,
): GraphedRun {
  const rows = batchSize === 'full' ? x.size(0) : batchSize
  return { job: run.job, signal: run.signal, x, y, steps: new GraphedTraining(run.model, run.optimizer, x, rows) }
}

/** One step with all images, whose losses, training and validation, `body` gives as one tensor. */
export async function graphedFullBatch(
  { job, steps }: GraphedRun,
  body: (forward?: Forward) => Tensor,
): Promise<[number, number]> {
  steps.begin()
  using losses = await steps.step(job, body)
  await job.settled()
  steps.end()
  return losses.tolist() as [number, number]
}

/** Steps that may be queued while one runs: they are short. */
const AHEAD = 8

/**
 * An epoch of batches in the order of a `DataLoader` that shuffles. `body` computes a step of inputs and targets, and
 * gives its loss `[1]`; `validate` gives the one of the validation afterwards, likewise. The rows of each batch are
 * copied to where the graph reads them; a last batch with fewer is an eager step.
 */
export async function graphedMiniBatches(
  run: GraphedRun,
  batchSize: number,
  body: (x: Tensor, y: Tensor, forward?: Forward) => Tensor,
  validate: () => Tensor,
): Promise<[number, number]> {
  const { job, steps, x, y, signal } = run
  const count = x.size(0)
  const losses: Tensor[] = []
  const sizes: number[] = []
  const marks: number[] = []
  using drawn = drawShuffledOrder(count)
  using order = drawn.to(x.device) as Tensor
  const [inputs, targets] = rowsOf(run, batchSize)
  steps.begin()
  try {
    for (let at = 0; at < count; at += batchSize) {
      if (marks.length > AHEAD) await job.reached(marks.shift()!)
      if (losses.length > 0) await turn(signal)
      const size = Math.min(batchSize, count - at)
      using rows = order.narrow(0, at, size)
      if (size === batchSize) {
        job.run(() => {
          callOperator('aten::index_select', 'out', [x, 0, rows, inputs])
          callOperator('aten::index_select', 'out', [y, 0, rows, targets])
        })
        losses.push(await steps.step(job, forward => body(inputs, targets, forward)))
      } else {
        losses.push(steps.eager(job, () => body(select(x, rows), select(y, rows))))
      }
      sizes.push(size)
      marks.push(job.mark)
    }
    await job.settled()
    steps.end()
    await turn(signal)
    losses.push(job.run(validate))
    using together = job.run(() => callOperator('aten::cat', '', [losses, 0]) as Tensor)
    await job.settled()
    const values = together.tolist() as number[]
    return [weightedMean(values, sizes), values.at(-1)!]
  } finally {
    for (const tensor of losses) tensor.dispose()
  }
}

const buffers = new WeakMap<GraphedTraining, readonly [Tensor, Tensor]>()

/** Where a batch's inputs and targets lie for the graph, as long as its training. */
function rowsOf({ steps, x, y }: GraphedRun, rows: number): readonly [Tensor, Tensor] {
  // in the memory format of the data: `channels_last` stays so
  const like = (tensor: Tensor) => emptyLike(tensor.narrow(0, 0, Math.min(rows, tensor.size(0)))) as Tensor
  const made = buffers.get(steps) ?? ([like(x), like(y)] as const)
  buffers.set(steps, made)
  return made
}

const select = (tensor: Tensor, rows: Tensor) => callOperator('aten::index_select', '', [tensor, 0, rows]) as Tensor
