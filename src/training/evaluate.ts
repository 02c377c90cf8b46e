import { noGrad } from '../autograd'
import { SIGNAL, turn } from '../core/abort'
import { describe, InvalidArgTypeError, InvalidArgValueError } from '../core/errors'
import { Job } from '../core/job'
import { check, is, isOptions, unknownOption } from '../core/options'
import { tidy } from '../memory'
import type { CrossEntropyLoss, Module } from '../nn'
import type { DataBatches, DataPair } from '../nn/data-rules'
import { callOperator } from '../ops/registry'
import type { Tensor } from '../tensor/tensor'
import { BATCH_SIZE, checkOutput, checkPair, keepFields, shapeOf, withMode } from './batch'
import { type Batches, batchesOf, isLoader } from './batches'
import { type AmpOptions, forwardPrecision, type Precision } from './precision'

/** The options of `evaluate`. */
export interface EvaluateOptions {
  /**
   * `'asIs'` (the default) takes the model in the mode that it is in; `'eval'` puts it into eval mode for the time of the
   * evaluation. The article never calls `model.eval()`: after its training the model is in train mode, so batch norm uses the
   * batch's own statistics and dropout drops.
   */
  mode?: 'asIs' | 'eval'
  /** Images of one forward; default `'full'`: all at once. Not with a loader, which decides. */
  batchSize?: 'full' | number
  /** Runs the forward passes in mixed precision (`autocast`); the softmax is taken over float32. Default false. */
  amp?: boolean | AmpOptions
  /** Ends the evaluation before the next batch. */
  signal?: AbortSignal
}

/** What `evaluate` gives. */
export interface Evaluation {
  /** The share of predictions that equal their label, 0 to 1: scikit-learn's `accuracy_score`. */
  accuracy: number
  /** The likeliest class of each input, int64 `[N]`, on the device of the data. */
  predictions: Tensor<[number], 'int64'>
  /** The softmax over the model's outputs, `[N, C]`. */
  probabilities: Tensor<[number, number]>
}

const OPTIONS = ['mode', 'batchSize', 'amp', 'signal'] as const

/**
 * Classifies inputs `[N, ...]` with a model that gives logits `[N, C]`, without gradients, and compares with the labels
 * int64 `[N]`. The data may be a loader instead, a `data.DataLoader` or any iterable of batches `[x, y]`: results come in the
 * order of its batches, which are freed as `train` says.
 *
 * As the article does, it neither changes the model's mode nor cuts the data into batches unless told to. A model in train
 * mode therefore depends on the batch that it sees, and its batch norms move their running statistics: save it before, or
 * use `{ mode: 'eval' }`, which gives every module its own mode back afterwards.
 *
 * The work is done on the package's own thread (see `train`), and the event loop turns before each batch. Rejects with an `AbortError` (its `cause` is the signal's reason);
 * `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE` and `ERR_INVALID_ARG_VALUE` for wrong arguments.
 *
 * ```ts
 * const { accuracy, predictions } = await evaluate(model, [testX, testY], { mode: 'eval' })
 * ```
 */
export async function evaluate<M extends Module, X extends Tensor, Y extends Tensor>(
  model: M,
  data: DataPair<M, CrossEntropyLoss, X, Y> | DataBatches<M, CrossEntropyLoss, X, Y>,
  options: EvaluateOptions = {},
): Promise<Evaluation> {
  if (typeof model?.forward !== 'function' || typeof model.modules !== 'function') {
    throw new InvalidArgTypeError(`evaluate: expected a Module as 'model', got ${describe(model)}`)
  }
  if (!isOptions(options)) throw new InvalidArgTypeError(`evaluate: expected options, got ${describe(options)}`)
  for (const key of Object.keys(options)) {
    if (!(OPTIONS as readonly string[]).includes(key)) throw unknownOption('evaluate', key, OPTIONS)
  }
  const { mode = 'asIs', batchSize = 'full', amp, signal }: EvaluateOptions = options
  check('evaluate', 'mode', mode, is.oneOf('asIs', 'eval'))
  check('evaluate', 'batchSize', batchSize, BATCH_SIZE)
  check('evaluate', 'signal', signal, SIGNAL)
  const batches = isLoader(data) ? loaded(data, options.batchSize) : undefined
  const pair = batches === undefined ? checkPair('evaluate', 'evaluate', data, true) : undefined
  // What a loader's device is, each batch tells; the options are checked now.
  if (pair !== undefined) checkLabels(pair[1])
  forwardPrecision('evaluate', amp, pair?.[0].device ?? 'cpu')

  const job = new Job()
  const made: Made[] = []
  try {
    if (batches !== undefined) await turn(signal)
    for await (const [x, y] of batches?.pass() ?? slices(job, pair!, batchSize)) {
      await turn(signal)
      checkLabels(y)
      const step = () => noGrad(() => classify(model, x, y, forwardPrecision('evaluate', amp, x.device)))
      made.push({ ...job.run(() => (mode === 'eval' ? withMode(model, false, step) : step())), count: x.size(0) })
      await job.settled()
    }
    const result = job.run(() =>
      tidy(() => {
        const parts = made.map(({ probabilities }) => probabilities)
        const probabilities =
          parts.length === 1 ? parts[0]!.clone() : (callOperator('aten::cat', '', [parts, 0]) as Tensor)
        const right = callOperator('aten::stack', '', [made.map(part => part.right), 0]) as Tensor
        return { probabilities, predictions: probabilities.argmax(1), right: right.sum() }
      }),
    )
    await job.settled()
    using right = result.right
    const { predictions, probabilities } = result
    const count = made.reduce((total, part) => total + part.count, 0)
    return { accuracy: (right.item() as number) / count, predictions, probabilities } as Evaluation
  } catch (error) {
    await job.settled() // leaves nothing at work, and an error of what was queued before comes first
    throw error
  } finally {
    for (const { probabilities, right } of made) for (const tensor of [probabilities, right]) tensor.dispose()
  }
}

/** What is kept of a batch. */
interface Made {
  probabilities: Tensor
  /** How many predictions equal their label. */
  right: Tensor
  count: number
}

function loaded(loader: Parameters<typeof batchesOf>[1], batchSize: unknown): Batches {
  if (batchSize !== undefined) {
    throw new InvalidArgValueError("evaluate: 'batchSize' cannot be had with a loader, whose batches are taken")
  }
  return batchesOf(['evaluate', 'evaluate'], loader, true, 1)
}

function checkLabels(y: Tensor): void {
  if (y.ndim !== 1) throw new InvalidArgValueError(`evaluate: expected labels of shape [N], got ${shapeOf(y)}`)
}

function* slices(job: Job, [x, y]: [Tensor, Tensor], batchSize: 'full' | number): Iterable<[Tensor, Tensor]> {
  const count = x.size(0)
  const size = batchSize === 'full' ? count : batchSize
  for (let start = 0; start < count; start += size) {
    const length = Math.min(size, count - start)
    const [someX, someY] = job.run(() => [x.narrow(0, start, length), y.narrow(0, start, length)] as const)
    using _x = someX
    using _y = someY
    yield [someX, someY]
  }
}

function classify(
  model: Module,
  x: Tensor,
  y: Tensor,
  precision: Precision['forward'] | undefined,
): Pick<Made, 'probabilities' | 'right'> {
  return tidy(() => {
    const forward = () => (model as Module & { forward(x: Tensor): Tensor }).forward(x)
    const output = precision === undefined ? forward() : precision(forward)
    checkOutput('evaluate', output, y)
    if (output.ndim !== 2) {
      throw new InvalidArgValueError(
        `evaluate: expected logits [N, C] from the model's forward, got ${shapeOf(output)}`,
      )
    }
    keepFields(model)
    const probabilities = (precision === undefined ? output : output.float()).softmax(1)
    return { probabilities, right: probabilities.argmax(1).eq(y).sum() }
  })
}
