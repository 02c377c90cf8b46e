import { performance } from 'node:perf_hooks'
import { CompiledStep, compile } from '../compile'
import { SIGNAL, turn } from '../core/abort'
import { describe, InvalidArgTypeError, InvalidArgValueError, ModuleBusyError } from '../core/errors'
import { Job } from '../core/job'
import { check, is, isOptions, unknownOption } from '../core/options'
import { DataLoader } from '../data'
import { tidy } from '../memory'
import { CrossEntropyLoss, type Module } from '../nn'
import type { DataBatches, DataPair } from '../nn/data-rules'
import { callOperator } from '../ops/registry'
import type { Tensor } from '../tensor/tensor'
import { BATCH_SIZE, checkPair } from './batch'
import { Batches, batchesOf, eachBatch, isLoader, meanOf, weightedMean } from './batches'
import { type CompiledRun, compiledFullBatch, compiledMiniBatches } from './compiled'
import { CompiledBatches } from './compiled-batches'
import { type GraphedRun, graphedFullBatch, graphedMiniBatches, newGraphedRun } from './graphed'
import { batchLoss, fullLosses, lossOf, validationLoss } from './losses'
import { type Precision, precisionOf, type TrainAmpOptions } from './precision'

/** What `train` asks of a loss: one number, as a tensor, of the outputs and the targets. */
export interface Criterion {
  forward(output: never, target: never): Tensor
}

/** What `train` asks of an optimizer; those of `optim` are. */
export interface Steps {
  zeroGrad(): unknown
  step(): unknown
}

/**
 * The data of `train`: exactly what the model's `forward` takes, and what the criterion takes for the model's output; for
 * the default criterion labels int64 `[N]`. Either may be a loader instead: a `data.DataLoader`, or any iterable or
 * asynchronous iterable of batches `[inputs, targets]`, which is gone through once an epoch.
 */
export interface TrainingData<
  M,
  C = CrossEntropyLoss,
  X extends Tensor = Tensor,
  Y extends Tensor = Tensor,
  VX extends Tensor = Tensor,
  VY extends Tensor = Tensor,
> {
  /** Inputs `[N, ...]` and targets `[N]`. */
  train: DataPair<M, C, X, Y> | DataBatches<M, C, X, Y>
  /** The same for validation: `[V, ...]` and `[V]`. */
  validation: DataPair<M, C, VX, VY> | DataBatches<M, C, VX, VY>
}

/** What `onEpoch` is told. */
export interface EpochReport {
  /** From 0. */
  epoch: number
  trainLoss: number
  valLoss: number
  /** Of this epoch; the time that `onEpoch` takes is not in it. */
  seconds: number
}

/** The options of `train`. */
export interface TrainOptions<C = CrossEntropyLoss> {
  /** Epochs to train; default 25. */
  epochs?: number
  /** Made by the caller over the model's parameters. */
  optimizer: Steps
  /** Default `new CrossEntropyLoss()`. */
  criterion?: C
  /** Images of a step; default `'full'`: one step an epoch with all of them. Not with a loader to train on, which decides. */
  batchSize?: 'full' | number
  /**
   * Mixed precision, on the device of the data: forward passes and losses run in `autocast`, and with float16 a
   * `GradScaler` scales the gradients, for which the optimizer must be one of `optim`. Parameters stay float32. Default
   * false.
   */
  amp?: boolean | TrainAmpOptions
  /**
   * Runs each step as one call of fused native code, where the network and the loss allow it (default false): tens of times
   * faster on small networks, in little more memory than the data's. Losses, gradients and the steps of Adam, AdamW and
   * SGD, computed in float64, are then nearer to float64's than eager's are, but not eager's bits; `forward` and the
   * criterion are recorded once and not run again, as `compile` says; dropout draws from the default generator, but
   * other masks than eager. `explain(model)` tells what was fused, or why not: then the training is eager. With a loader
   * each of its batches is such a step. Not together with `amp`.
   *
   * On a GPU, the first three steps run as they are; then a step is captured as a CUDA graph (`cuda.CUDAGraph`), the
   * optimizer in it, and replayed: the kernels are eager's, without the program between them, but for blocks of fused ones
   * where the addon has those, they agree and are measured faster (docs/cuda.md). Adam, AdamW and SGD step by
   * their fused kernels meanwhile, whose learning rate a scheduler changes as ever; others need `{ capturable: true }`. A
   * smaller last batch is an eager step. Not captured, and so eager, with the reason in `explain(model)`: what reads a
   * value, or works on the CPU. There `amp` may be had with it, in bfloat16. Before each epoch it is noticed that modules,
   * parameters, the optimizer's state or options are other ones, and a step is captured anew.
   */
  compile?: boolean
  /** Ends the training before the next step. */
  signal?: AbortSignal
  /** Called after each epoch, and waited for; the model may be used, evaluated and saved in it. */
  onEpoch?: (report: EpochReport) => unknown
}

/** The losses of each epoch: the exact float32 widened to double, or for batches the mean of theirs over the images. */
export interface History {
  trainLosses: number[]
  valLosses: number[]
}

const OPTIONS = ['epochs', 'optimizer', 'criterion', 'batchSize', 'amp', 'compile', 'signal', 'onEpoch'] as const

const busy = new WeakSet<object>()

/**
 * Trains a model on data that lie in memory or come from a loader, and gives the losses of each epoch.
 *
 * With `batchSize: 'full'` an epoch is the article's: `zeroGrad`, the outputs for training and validation data, both in
 * train mode, both losses, `backward`, `step`; so both losses are those before the step. The validation output is made
 * without gradients, which changes no number. With a number, batches come in the order of Python's
 * `DataLoader(shuffle=True)`, draw for draw; the training loss of an epoch is the mean over its images, and the validation
 * loss is taken after the epoch, in eval mode without gradients, over all validation data at once.
 *
 * With a loader to train on, its batches are the steps, and all is as with a number; a loader for validation gives its
 * batches after the epoch, in eval mode too, and the loss is the mean over its images (with `'full'` as well, then). The
 * batches of a `DataLoader` are freed after use where it or its workers made them; those of any other iterable,
 * of `batchSize: null` and of a `collate` are left to their owner. The next batch is fetched while a step is at work where
 * workers make it or it is rows of a `TensorDataset`; elsewhere it is fetched after the step, so that random numbers are
 * drawn in the order of the plain loop. Leaving an epoch early, by an abort or an error, closes the loader's iterator.
 *
 * The work is done on the package's own thread, so that the event loop stays free. `forward` and the criterion run here at
 * every step and may do anything: their operators are queued, the sizes of results are known at once, and reading a value
 * (`item()`, `tolist()`, printing) waits for it; so the numbers are those of the same loop run at once. Code outside that
 * uses the model or the data meanwhile waits for the step that is at work, and never sees half of one.
 *
 * The model is put into train mode before each epoch and left in it. Nothing is reshaped, cast or moved: model and data
 * must fit and lie on one device. The event loop turns between steps, and with batches the next one is made ready while one
 * is at work. Tensors made in a step are freed at its end, but those that the model keeps in its fields. Mutates the
 * model's parameters and buffers and the optimizer's state.
 *
 * Rejects with an `AbortError` (its `cause` is the signal's reason) before the first step after `signal` was aborted, and
 * with whatever `forward`, the criterion, the optimizer or `onEpoch` throws; the model is then as the last step left it.
 * `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE` and `ERR_INVALID_ARG_VALUE` for wrong arguments, before anything is touched,
 * and the latter two for wrong batches of a loader once they come, or for none; with what a loader throws;
 * `ERR_MODULE_BUSY` while another `train` has the model.
 *
 * ```ts
 * const model = new Net()
 * const optimizer = new optim.Adam(model.parameters(), { lr: 0.07 })
 * const history = await train(model, { train: [x, y], validation: [valX, valY] }, { epochs: 25, optimizer })
 * ```
 */
export async function train<
  M extends Module,
  X extends Tensor,
  Y extends Tensor,
  VX extends Tensor,
  VY extends Tensor,
  C extends Criterion = CrossEntropyLoss,
>(model: M, data: TrainingData<M, C, X, Y, VX, VY>, options: TrainOptions<C>): Promise<History> {
  const run = prepare(model, data, options as TrainOptions<Criterion>)
  if (busy.has(model)) throw new ModuleBusyError('train: another train is still at work on this model; await it first')
  busy.add(model)
  try {
    return await epochs(run)
  } catch (error) {
    await run.job.settled() // leaves nothing at work, and an error of what was queued before comes first
    throw error
  } finally {
    run.graphed?.steps.close()
    busy.delete(model)
  }
}

type Pair = [x: Tensor, y: Tensor]

interface Run {
  job: Job
  model: Callable
  train: Pair | Batches
  validation: Pair | Batches
  count: number
  optimizer: Steps
  criterion: { forward(output: Tensor, target: Tensor): Tensor }
  batchSize: 'full' | number
  /** For a loader known once there is a batch, and with it the device. */
  precision: Precision | undefined
  amp: unknown
  compile: boolean
  compiled: CompiledRun | undefined
  compiledBatches: CompiledBatches | undefined
  /** The same on a GPU. */
  graphed: GraphedRun | undefined
  signal: AbortSignal | undefined
  onEpoch: ((report: EpochReport) => unknown) | undefined
}

type Callable = Module & { forward(x: Tensor): Tensor }

function prepare(model: Module, data: { train: unknown; validation: unknown }, options: TrainOptions<Criterion>): Run {
  if (typeof model?.forward !== 'function' || typeof model.modules !== 'function') {
    throw new InvalidArgTypeError(`train: expected a Module as 'model', got ${describe(model)}`)
  }
  if (!isOptions(data)) {
    throw new InvalidArgTypeError(
      `train: expected the data as { train: [x, y], validation: [valX, valY] }, got ${describe(data)}`,
    )
  }
  for (const key of Object.keys(data)) {
    if (key !== 'train' && key !== 'validation') throw unknownOption("train's data", key, ['train', 'validation'])
  }
  if (!isOptions(options)) throw new InvalidArgTypeError(`train: expected options, got ${describe(options)}`)
  for (const key of Object.keys(options)) {
    if (!(OPTIONS as readonly string[]).includes(key)) throw unknownOption('train', key, OPTIONS)
  }
  const {
    epochs: count = 25,
    optimizer,
    criterion = new CrossEntropyLoss(),
    batchSize = 'full',
    compile = false,
    signal,
    onEpoch,
  } = options
  check('train', 'epochs', count, is.positive)
  check('train', 'optimizer', optimizer, ['an optimizer, as `new optim.Adam(model.parameters())`', isOptimizer])
  check('train', 'criterion', criterion, ['a loss, as `new nn.CrossEntropyLoss()`', hasForward])
  check('train', 'batchSize', batchSize, BATCH_SIZE)
  check('train', 'compile', compile, is.boolean)
  check('train', 'signal', signal, SIGNAL)
  check('train', 'onEpoch', onEpoch, ['a function', value => value === undefined || typeof value === 'function'])
  const labels = criterion instanceof CrossEntropyLoss
  const [training, validation] = (['train', 'validation'] as const).map(name => {
    const given = data[name]
    return isLoader(given) ? batchesOf(['train', name], given, labels, count) : checkPair('train', name, given, labels)
  }) as [Pair | Batches, Pair | Batches]
  const loads = training instanceof Batches
  if (loads && options.batchSize !== undefined) {
    throw new InvalidArgValueError(
      "train: 'batchSize' cannot be had with a loader as 'train', whose batches are the steps",
    )
  }
  // What a loader's device is, its first batch tells; the options are checked now.
  const device = loads ? 'cpu' : training[0].device
  const precision = precisionOf('train', options.amp, device, optimizer)
  if (compile && options.amp && !device.startsWith('cuda')) {
    throw new InvalidArgValueError("train: 'compile' computes in float32, so it cannot be had with 'amp'")
  }
  if (compile && precision.scales) {
    throw new InvalidArgValueError(
      "train: 'compile' captures no scaling of gradients; with 'amp' it wants { dtype: 'bfloat16' }",
    )
  }
  return {
    job: new Job(),
    model: model as Callable,
    train: training,
    validation,
    count,
    optimizer,
    criterion: criterion as Run['criterion'],
    batchSize,
    precision: loads ? undefined : precision,
    amp: options.amp,
    compile,
    compiled: undefined,
    compiledBatches: undefined,
    graphed: undefined,
    signal,
    onEpoch,
  }
}

function isOptimizer(value: unknown): boolean {
  const { zeroGrad, step } = (value ?? {}) as Partial<Steps>
  return typeof zeroGrad === 'function' && typeof step === 'function'
}

function hasForward(value: unknown): boolean {
  return typeof (value as Criterion | undefined)?.forward === 'function'
}

async function epochs(run: Run): Promise<History> {
  const history: History = { trainLosses: [], valLosses: [] }
  for (let number = 0; number < run.count; number++) {
    await turn(run.signal)
    const start = performance.now()
    run.model.train()
    const [trainLoss, valLoss] = await epoch(run)
    const seconds = (performance.now() - start) / 1000
    history.trainLosses.push(trainLoss)
    history.valLosses.push(valLoss)
    await run.onEpoch?.({ epoch: number, trainLoss, valLoss, seconds })
  }
  return history
}

/** Records the step, where it is not recorded or the model is another one since. */
function renew(run: Run, [x, y]: Pair, [valX, valY]: Pair): void {
  if (run.compiled?.step.holds()) return
  const step = CompiledStep.make(run.model, run.criterion, x, y)
  const more = { predict: compile(run.model), loss: (output: Tensor, target: Tensor) => lossOf(run, output, target) }
  run.compiled = step === undefined ? undefined : { ...run, x, y, valX, valY, step, steps: 1, ...more }
}

function epoch(run: Run): Promise<[number, number]> {
  const { train, validation, batchSize } = run
  if (train instanceof Batches) return inBatches(run, train)
  if (validation instanceof Batches) return inBatches(run, batchesOfPair(train, batchSize))
  if (run.compile && train[0].device.startsWith('cuda')) {
    run.graphed ??= newGraphedRun(run, train, batchSize)
    const { graphed } = run
    if (graphed.steps.possible) return graphedEpoch(run, graphed, train, validation)
  } else if (run.compile) renew(run, train, validation)
  const { compiled } = run
  if (compiled !== undefined) {
    return batchSize === 'full' ? compiledFullBatch(compiled) : compiledMiniBatches(compiled, batchSize)
  }
  return batchSize === 'full' ? fullBatch(run, train, validation) : inBatches(run, batchesOfPair(train, batchSize))
}

function batchesOfPair(pair: Pair, batchSize: 'full' | number): Batches {
  const source = batchSize === 'full' ? [pair] : new DataLoader(pair, { batchSize, shuffle: true })
  return new Batches(['train', 'train'], source, false)
}

function graphedEpoch(run: Run, graphed: GraphedRun, train: Pair, validation: Pair): Promise<[number, number]> {
  const { batchSize } = run
  if (batchSize === 'full') {
    return graphedFullBatch(
      graphed,
      forward => callOperator('aten::stack', '', [fullLosses(run, train, validation, forward), 0]) as Tensor,
    )
  }
  return graphedMiniBatches(
    graphed,
    batchSize,
    (x, y, forward) => batchLoss(run, x, y, forward).reshape([1]),
    () => validationLoss(run, ...validation).reshape([1]),
  )
}

async function fullBatch(run: Run, train: Pair, validation: Pair): Promise<[number, number]> {
  const { job, optimizer } = run
  const losses = job.run(() => {
    optimizer.zeroGrad()
    const made = tidy(() => fullLosses(run, train, validation))
    run.precision!.step(optimizer)
    return made
  })
  const [trainLoss, valLoss] = await readValues(job, losses)
  return [trainLoss!, valLoss!]
}

async function inBatches(run: Run, batches: Batches): Promise<[number, number]> {
  const { job, model, optimizer, validation, signal } = run
  if (run.compile && run.graphed === undefined) run.compiledBatches ??= new CompiledBatches(model, run.criterion)
  const compiled = run.compiledBatches
  const losses: Tensor[] = []
  try {
    const step = (x: Tensor, y: Tensor) => {
      run.precision ??= precisionOf('train', run.amp, x.device, optimizer)
      const done = compiled?.step(x, y, optimizer)
      if (done !== undefined) return void losses.push(done)
      optimizer.zeroGrad()
      losses.push(tidy(() => batchLoss(run, x, y)))
      run.precision.step(optimizer)
    }
    const sizes = await eachBatch(run, batches, step, (x, y) => compiled?.prepare(x, y))
    await turn(signal)
    const validate = (x: Tensor, y: Tensor) => {
      losses.push(
        compiled === undefined
          ? validationLoss(run, x, y)
          : tidy(() => compiled.predict(x, output => lossOf(run, output, y).detach().reshape([]))),
      )
    }
    let valSizes = [1]
    if (validation instanceof Batches) valSizes = await eachBatch(run, validation, validate)
    else job.run(() => validate(...validation))
    const values = await readValues(job, losses)
    const valLosses = values.splice(sizes.length)
    return [weightedMean(values, sizes), meanOf(valLosses, valSizes)]
  } finally {
    for (const tensor of losses) tensor.dispose()
  }
}

/** The values of tensors without dimensions, read at once when all that is queued is done. Frees the tensors. */
async function readValues(job: Job, tensors: readonly Tensor[]): Promise<number[]> {
  // a compiled step's is in float64, which holds all of them
  const together = job.run(() => callOperator('aten::stack', '', [tensors, 0]) as Tensor<[number], 'float64'>)
  try {
    await job.settled()
    return together.tolist()
  } finally {
    for (const tensor of [...tensors, together]) tensor.dispose()
  }
}
