import { noGrad } from '../autograd'
import { SIGNAL, turn } from '../core/abort'
import { describe, InvalidArgTypeError, InvalidArgValueError } from '../core/errors'
import { Job } from '../core/job'
import { check, is, isOptions, unknownOption } from '../core/options'
import { tidy } from '../memory'
import type { CrossEntropyLoss, Module } from '../nn'
import type { DataPair } from '../nn/data-rules'
import { callOperator } from '../ops/registry'
import type { Tensor } from '../tensor/tensor'
import { BATCH_SIZE, checkOutput, checkPair, keepFields, shapeOf, withMode } from './batch'
import { type AmpOptions, forwardPrecision, type Precision } from './precision'

/** The options of `evaluate`. */
export interface EvaluateOptions {
  /**
   * `'asIs'` (the default) takes the model in the mode that it is in; `'eval'` puts it into eval mode for the time of the
   * evaluation. The article never calls `model.eval()`: after its training the model is in train mode, so batch norm uses the
   * batch's own statistics and dropout drops.
   */
  mode?: 'asIs' | 'eval'
  /** Images of one forward; default `'full'`: all at once. */
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
 * int64 `[N]`.
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
  data: DataPair<M, CrossEntropyLoss, X, Y>,
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
  const [x, y] = checkPair('evaluate', 'evaluate', data, true)
  if (y.ndim !== 1) throw new InvalidArgValueError(`evaluate: expected labels of shape [N], got ${shapeOf(y)}`)

  const precision = forwardPrecision('evaluate', amp, x.device)
  const size = batchSize === 'full' ? x.size(0) : batchSize
  const job = new Job()
  const batches: Tensor[] = []
  try {
    for (let start = 0; start < x.size(0); start += size) {
      await turn(signal)
      const step = () => noGrad(() => probabilitiesOf(model, x, y, start, size, precision))
      batches.push(job.run(() => (mode === 'eval' ? withMode(model, false, step) : step())))
      await job.settled()
    }
    const result = job.run(() =>
      tidy(() => {
        const probabilities =
          batches.length === 1 ? batches[0]!.clone() : (callOperator('aten::cat', '', [batches, 0]) as Tensor)
        const predictions = probabilities.argmax(1)
        return { probabilities, predictions, right: predictions.eq(y).sum() }
      }),
    )
    await job.settled()
    using right = result.right
    const { predictions, probabilities } = result
    return { accuracy: (right.item() as number) / y.size(0), predictions, probabilities } as Evaluation
  } catch (error) {
    await job.settled() // leaves nothing at work, and an error of what was queued before comes first
    throw error
  } finally {
    for (const batch of batches) batch.dispose()
  }
}

function probabilitiesOf(
  model: Module,
  x: Tensor,
  y: Tensor,
  start: number,
  size: number,
  precision: Precision['forward'] | undefined,
): Tensor {
  return tidy(() => {
    const length = Math.min(size, x.size(0) - start)
    const batch = x.narrow(0, start, length)
    const forward = () => (model as Module & { forward(x: Tensor): Tensor }).forward(batch)
    const output = precision === undefined ? forward() : precision(forward)
    checkOutput('evaluate', output, y.narrow(0, start, length))
    if (output.ndim !== 2) {
      throw new InvalidArgValueError(
        `evaluate: expected logits [N, C] from the model's forward, got ${shapeOf(output)}`,
      )
    }
    keepFields(model)
    return (precision === undefined ? output : output.float()).softmax(1)
  })
}
