import { noGrad } from '../autograd'
import { type DType, dtypeCode, itemSize } from '../core/dtype'
import { describe, InvalidArgTypeError, InvalidArgValueError, LibtorchError } from '../core/errors'
import { Generator } from '../core/generator'
import { check, is, isOptions, mergeArguments } from '../core/options'
import { tidy } from '../memory'
import { callOperator } from '../ops/registry'
import { getRngState, setRngState } from '../tensor/random'
import { isTensor, type Tensor } from '../tensor/tensor'
import { isModule, type Module } from './module'
import { ownBuffers, setField } from './module-tree'
import { Recorder } from './summary-layers'
import { COLUMNS, ModelStatistics, ROWS, type SummaryColumn, type SummaryRow } from './summary-table'

/** The options of `summary`. */
export interface SummaryOptions {
  /** The size of the input, `[N, C, H, W]`, or one for each of several inputs; they are random numbers. */
  inputSize?: readonly number[] | readonly (readonly number[])[] | null
  /** The inputs themselves instead. */
  inputData?: Tensor | readonly unknown[] | null
  /** Where in `inputSize` a batch of one is put; default: sizes have it already. */
  batchDim?: number | null
  /** Default `outputSize`, `numParams`; without inputs the parameters alone. */
  colNames?: readonly SummaryColumn[] | null
  /** Default 25. */
  colWidth?: number
  /** How deep into the tree; default 3. */
  depth?: number
  /** Where inputs of `inputSize` are made; default: where the first parameter is. */
  device?: string | null
  /** Of each input of `inputSize`; default float32. */
  dtypes?: readonly DType[] | null
  /** The mode of the model for this one pass; default `'eval'`. */
  mode?: 'train' | 'eval'
  /** Default `depth`. */
  rowSettings?: readonly SummaryRow[]
  /** 0 prints nothing, 1 the table, 2 with each layer's parameters; default 1. */
  verbose?: 0 | 1 | 2
}

const NAMES = ['model', 'inputSize', 'inputData', 'batchDim', 'colNames', 'colWidth', 'depth', 'device', 'dtypes', 'mode', 'rowSettings', 'verbose'] // biome-ignore format: names as they follow each other
const NEEDS_INPUT: readonly SummaryColumn[] = ['inputSize', 'outputSize', 'multAdds']

type Options = Required<{ [K in keyof SummaryOptions]: SummaryOptions[K] }>

/**
 * Describes a model by one forward pass without gradients: the tree of its layers, the sizes of their outputs, parameters,
 * multiply-adds, and the memory that they need. Prints the table of the Python package torchinfo, and gives the numbers.
 *
 * The second argument is the size of the input, or the sizes of several, or a tensor as `inputData`. Modes, buffers and the
 * state of the random numbers are left as they were, and the model where it is. Multiply-adds are counted by the sizes of
 * the parameters and of the output, as torchinfo counts them.
 *
 * Errors: `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`; `ERR_LIBTORCH`, with the layers that were reached, for a forward
 * pass that libtorch refuses.
 *
 * @see https://github.com/TylerYep/torchinfo
 * @example
 * const { totalParams } = torch.summary(new nn.Linear(4, 3), [8, 4], { verbose: 0 })   // 15
 */
export function summary(model: Module, options?: SummaryOptions): ModelStatistics
export function summary(
  model: Module,
  input: SummaryOptions['inputSize'] | SummaryOptions['inputData'],
  options?: Omit<SummaryOptions, 'inputSize'>,
): ModelStatistics
export function summary(...args: unknown[]): ModelStatistics {
  // a tensor, or an array that holds one, is data
  const [model, input, ...rest] = args
  const isData = isTensor(input) || (Array.isArray(input) && input.some(isTensor))
  const merged = mergeArguments('summary', NAMES, isData ? [model, undefined, input, ...rest] : args, 1)
  const options = readOptions(merged)
  return tidy(() => {
    const inputs = inputsOf(model as Module, options)
    const layers = run(model as Module, inputs, options)
    const bytes = inputs === null ? null : bytesOf(inputs)
    const { depth: maxDepth, verbose, colNames, colWidth: columnWidth, rowSettings } = options
    const statistics = new ModelStatistics(layers, bytes, {
      maxDepth,
      verbose,
      columns: colNames!,
      columnWidth,
      rows: new Set(rowSettings),
    })
    if (verbose > 0) console.log(String(statistics))
    return statistics
  })
}

function readOptions(merged: Record<string, unknown>): Options {
  const what = 'summary'
  const { model, inputSize = null, inputData = null, batchDim = null, colNames = null, colWidth = 25 } = merged
  const { depth = 3, device = null, dtypes = null, mode = 'eval', rowSettings = ['depth'], verbose = 1 } = merged
  if (!isModule(model)) throw new InvalidArgTypeError(`summary takes a Module, got ${describe(model)}`)
  if (batchDim !== null) check(what, 'batchDim', batchDim, is.count)
  check(what, 'colWidth', colWidth, is.positive)
  check(what, 'depth', depth, is.count)
  if (device !== null) check(what, 'device', device, is.string)
  check(what, 'mode', mode, is.oneOf('train', 'eval'))
  check(what, 'verbose', verbose, is.oneOf(0, 1, 2))
  checkWords(what, 'rowSettings', rowSettings, ROWS)
  if (colNames !== null) checkWords(what, 'colNames', colNames, COLUMNS)
  if (inputSize !== null && inputData !== null) {
    throw new InvalidArgValueError('Only one of (input_data, input_size) should be specified.')
  }
  const blind = inputSize === null && inputData === null
  const columns = (colNames ?? (blind ? ['numParams'] : ['outputSize', 'numParams'])) as SummaryColumn[]
  const lacking = columns.filter(column => blind && NEEDS_INPUT.includes(column))
  if (lacking.length > 0) {
    throw new InvalidArgValueError(
      `You must pass input_data or input_size in order to use columns: ${lacking.join(', ')}`,
    )
  }
  if (dtypes !== null) {
    if (!Array.isArray(dtypes))
      throw new InvalidArgTypeError(`summary: 'dtypes' must be an array, got ${describe(dtypes)}`)
    dtypes.forEach(dtypeCode)
  }
  const read = { inputSize, inputData, batchDim, colNames: columns, colWidth, depth, device, dtypes, mode, rowSettings, verbose } // biome-ignore format: names as they follow each other
  return read as Options
}

function checkWords(what: string, name: string, value: unknown, known: readonly string[]): void {
  const expected = `an array of ${known.map(word => `'${word}'`).join(', ')}`
  const test = (given: unknown) => Array.isArray(given) && given.every(word => known.includes(word))
  check(what, name, value, [expected, test])
}

/** What goes into the model's forward; null where nothing is given. */
function inputsOf(model: Module, { inputSize, inputData, batchDim, device, dtypes }: Options): unknown[] | null {
  if (inputData !== null && inputData !== undefined) {
    if (isTensor(inputData)) return [inputData]
    if (Array.isArray(inputData)) return inputData
    throw new InvalidArgTypeError(`summary: 'inputData' must be a tensor or an array, got ${describe(inputData)}`)
  }
  if (inputSize === null || inputSize === undefined) return null
  const where = device ?? model.parameters()[0]?.device ?? 'cpu'
  const generator = new Generator().manualSeed(0) // not the program's own numbers
  return sizesOf(inputSize).map((size, i) => {
    const whole = batchDim === null || batchDim === undefined ? size : [...size.slice(0, batchDim), 1, ...size.slice(batchDim)] // biome-ignore format: one expression
    const dtype = dtypes?.[i] ?? 'float32'
    const drawn = callOperator('aten::rand', 'generator', [whole, generator]) as Tensor
    return (drawn.to as (options: object) => Tensor)({ device: where, dtype })
  })
}

function sizesOf(value: unknown): readonly (readonly number[])[] {
  if (!Array.isArray(value)) {
    throw new InvalidArgTypeError(
      `summary: 'inputSize' must be an array of integers, or of such, got ${describe(value)}`,
    )
  }
  const sizes: unknown[] = value.some(Array.isArray) ? value : [value]
  for (const size of sizes) {
    if (Array.isArray(size) && size.length > 0 && size.every(length => Number.isSafeInteger(length) && length > 0)) continue // biome-ignore format: one condition
    throw new InvalidArgValueError('Input_data is invalid, or negative size found in input_data.')
  }
  return sizes as number[][]
}

function bytesOf(value: unknown): number {
  if (isTensor(value)) return value.numel() * itemSize(value.dtype)
  const inner = Array.isArray(value) ? value : isOptions(value) ? Object.values(value) : []
  return inner.reduce((all: number, one) => all + bytesOf(one), 0)
}

function run(model: Module, inputs: unknown[] | null, { mode, batchDim }: Options) {
  const recorder = new Recorder(model, inputs !== null, batchDim ?? null)
  if (inputs === null) return recorder.finish()
  const giveBack = remembered(model)
  try {
    model.train(mode === 'train')
    noGrad(() => (model as Module & { forward(...inputs: unknown[]): unknown }).forward(...inputs))
  } catch (error) {
    if (!(error instanceof LibtorchError)) throw error
    const reached = recorder.layers.filter(({ executed }) => executed).map(({ className, depth }) => `${className}: ${depth}`) // biome-ignore format: one expression
    throw new LibtorchError(`summary: ${error.message}\nExecuted layers up to: [${reached.join(', ')}]`, {
      cause: error.cause,
      operator: error.operator,
    })
  } finally {
    recorder.stop()
    giveBack()
  }
  return recorder.finish()
}

/** Lets a forward pass change copies of the buffers, and gives what puts everything back as it was. */
function remembered(model: Module): () => void {
  const random = getRngState()
  const modules = model.modules()
  const modes = modules.map(module => module.training)
  const buffers = modules.flatMap(module => [...ownBuffers(module)].map(entry => [module, ...entry] as const))
  for (const [module, name, buffer] of buffers) setField(module, name, buffer.detach().clone())
  return () => {
    setRngState(random)
    modules.forEach((module, i) => {
      if (module.training !== modes[i]) module.train(modes[i])
    })
    for (const [module, name, buffer] of buffers) setField(module, name, buffer)
  }
}
