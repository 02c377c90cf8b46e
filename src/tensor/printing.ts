import { type DType, isComplex, isFloating } from '../core/dtype'
import { InvalidArgTypeError, OutOfRangeError } from '../core/errors'
import { check, is, mergeArguments } from '../core/options'
import { formatExponential, formatFixed, MAX_DIGITS } from './decimal'

/** How tensors are printed; the names and defaults are those of `torch.set_printoptions`. */
export interface PrintOptions {
  /** Digits after the point (4). */
  precision: number
  /** More elements than this are summarised with `...` (1000). */
  threshold: number
  /** Elements shown at both ends of a summarised dimension (3). */
  edgeitems: number
  /** Characters of a line (80). */
  linewidth: number
  /** Scientific notation always, never, or where the values ask for it (`null`). */
  sciMode: boolean | null
}

/** What `setPrintOptions` takes; `null` is Python's `None`. */
export type GivenPrintOptions = { [K in keyof PrintOptions]?: PrintOptions[K] | null } & {
  profile?: PrintProfile | null
}

/** Sane sets of options, as in PyTorch. */
export type PrintProfile = 'default' | 'short' | 'full'

const PROFILES: Record<PrintProfile, Omit<PrintOptions, 'sciMode'>> = {
  default: { precision: 4, threshold: 1000, edgeitems: 3, linewidth: 80 },
  short: { precision: 2, threshold: 1000, edgeitems: 2, linewidth: 80 },
  full: { precision: 4, threshold: Infinity, edgeitems: 3, linewidth: 80 },
}

let current: PrintOptions = { ...PROFILES.default, sciMode: null }

const OPTION_NAMES = ['precision', 'threshold', 'edgeitems', 'linewidth', 'profile', 'sciMode'] as const

/**
 * Sets how tensors are printed: `precision` digits after the point (4), `threshold` elements from which a tensor is
 * summarised (1000), `edgeitems` shown at each end then (3), `linewidth` (80), a `profile` ('default', 'short' or
 * 'full') to start from, and `sciMode`, scientific notation (`null`: where the values ask for it, and so again whenever
 * it is not given). Throws `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`, and `ERR_OUT_OF_RANGE` for more than 99 digits.
 * Mirrors https://docs.pytorch.org/docs/stable/generated/torch.set_printoptions.html
 */
export function setPrintOptions(
  ...args: [
    precision?: number | null | GivenPrintOptions,
    threshold?: number | null | GivenPrintOptions,
    edgeitems?: number | null | GivenPrintOptions,
    linewidth?: number | null | GivenPrintOptions,
    profile?: PrintProfile | null | GivenPrintOptions,
    sciMode?: boolean | null | GivenPrintOptions,
  ]
): void {
  const what = 'setPrintOptions'
  const given = mergeArguments(what, OPTION_NAMES, args)
  for (const name of OPTION_NAMES) if (given[name] === null) delete given[name] // Python's None: as it is
  const { precision, threshold, edgeitems, linewidth, profile, sciMode } = given as Partial<PrintOptions> & {
    profile?: PrintProfile
  }
  if (profile !== undefined) check(what, 'profile', profile, is.oneOf(...Object.keys(PROFILES)))
  if (precision !== undefined) check(what, 'precision', precision, is.count)
  if (precision !== undefined && precision > MAX_DIGITS) {
    throw new OutOfRangeError(`${what}: 'precision' must be at most ${MAX_DIGITS}, got ${precision}`)
  }
  if (threshold !== undefined) {
    check(what, 'threshold', threshold, is.number)
    if (!(threshold >= 0)) throw new InvalidArgTypeError(`${what}: 'threshold' must be at least 0, got ${threshold}`)
  }
  if (edgeitems !== undefined) check(what, 'edgeitems', edgeitems, is.count)
  if (linewidth !== undefined) check(what, 'linewidth', linewidth, is.positive)
  if (sciMode !== undefined) check(what, 'sciMode', sciMode, is.boolean)
  const base = profile === undefined ? current : PROFILES[profile]
  current = {
    precision: precision ?? base.precision,
    threshold: threshold ?? base.threshold,
    edgeitems: edgeitems ?? base.edgeitems,
    linewidth: linewidth ?? base.linewidth,
    sciMode: sciMode ?? null,
  }
}

/** The options that tensors are printed with, as `setPrintOptions` takes them. */
export function getPrintOptions(): PrintOptions {
  return { ...current }
}

/** Contiguous elements in row-major order; complex ones as pairs, bools as bytes, 16-bit floats widened. */
export type Elements = ArrayLike<number> | ArrayLike<bigint>

/** For each dimension how many elements at each of its ends are meant; `null`: all. */
export type Edges = readonly (number | null)[]

/** What the values of a tensor need to be printed. */
export interface PrintableValues {
  shape: readonly number[]
  dtype: DType
  /**
   * The elements to print. A tensor that is summarised is asked for its edges alone: of each dimension with a number n
   * the first n and the last n, joined. Not asked where there are none (empty, `meta`).
   */
  elements(edges: Edges): Elements
}

/** What a tensor needs to be printed. */
export interface Printable extends PrintableValues {
  /** `'cpu'`, `'cuda:0'`, `'meta'`. */
  device: string
  requiresGrad: boolean
  /** The name of the function that made it, `'AddBackward0'`; `null` for a leaf. */
  gradFn: string | null
  isParameter?: boolean
  /** Not for strided tensors: what a sparse one consists of, in the order that Python prints it. */
  sparse?: {
    /** `'sparse_coo'`, `'sparse_csr'`, ... */
    layout: string
    nnz: number
    parts: readonly { name: string; values: PrintableValues }[]
  }
}

/** What Python prints for a tensor, letter for letter; `defaultDtype` is the one that needs no mention. */
export function formatTensor(tensor: Printable, defaultDtype: DType = 'float32'): string {
  const prefix = 'tensor('
  const indent = prefix.length
  const { dtype, shape, sparse } = tensor
  const suffixes: string[] = []
  const isMeta = tensor.device.startsWith('meta')
  if (!tensor.device.startsWith('cpu')) suffixes.push(`device='${tensor.device}'`)
  const inferred = [defaultDtype, defaultDtype === 'float64' ? 'complex128' : 'complex64', 'int64', 'bool']
  let contents: string
  if (sparse) {
    suffixes.push(`size=${tuple(shape)}`)
    if (!isMeta) suffixes.push(`nnz=${sparse.nnz}`)
    if (!inferred.includes(dtype)) suffixes.push(`dtype=torch.${dtype}`)
    contents = sparse.parts
      .map(({ name, values }) => {
        const start = `${name}=tensor(`
        const text = isMeta ? '...' : formatValues(values, indent + start.length)
        const size = isMeta || isEmpty(values.shape) ? `, size=${tuple(values.shape)}` : ''
        return `${start}${text}${size})`
      })
      .join(`,\n${' '.repeat(indent)}`)
    suffixes.push(`layout=torch.${sparse.layout}`)
  } else if (isMeta || isEmpty(shape)) {
    // nothing to infer the dtype from, so even int64 is named
    if (isMeta || shape.length !== 1) suffixes.push(`size=${tuple(shape)}`)
    if (dtype !== defaultDtype) suffixes.push(`dtype=torch.${dtype}`)
    contents = isMeta ? '...' : '[]'
  } else {
    if (current.edgeitems === 0) suffixes.push(`size=${tuple(shape)}`)
    if (!inferred.includes(dtype)) suffixes.push(`dtype=torch.${dtype}`)
    contents = formatValues(tensor, indent)
  }
  if (tensor.gradFn !== null) suffixes.push(`grad_fn=<${tensor.gradFn}>`)
  else if (tensor.requiresGrad) suffixes.push('requires_grad=True')
  const text = addSuffixes(prefix + contents, suffixes, indent, sparse?.layout === 'sparse_coo')
  return tensor.isParameter ? `Parameter containing:\n${text}` : text
}

function isEmpty(shape: readonly number[]): boolean {
  return shape.includes(0)
}

/** A shape as Python prints a tuple. */
function tuple(shape: readonly number[]): string {
  return shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`
}

function addSuffixes(text: string, suffixes: readonly string[], indent: number, newLineFirst: boolean): string {
  let out = text
  let lineLength = text.length - text.lastIndexOf('\n') + 1
  suffixes.forEach((suffix, i) => {
    if ((i === 0 && newLineFirst) || lineLength + suffix.length + 2 > current.linewidth) {
      out += `,\n${' '.repeat(indent)}${suffix}`
      lineLength = indent + suffix.length
    } else {
      out += `, ${suffix}`
      lineLength += suffix.length + 2
    }
  })
  return `${out})`
}

/** Formats one element to the width that all shown elements share. */
interface Column {
  readonly width: number
  format(i: number): string
}

function formatValues(values: PrintableValues, indent: number): string {
  const { shape, dtype } = values
  if (isEmpty(shape)) return '[]'
  const count = shape.reduce((product, size) => product * size, 1)
  const summarised = count > current.threshold
  const { edgeitems, linewidth } = current
  const edges = shape.map(size => (summarised && size > 2 * edgeitems ? edgeitems : null))
  // With no items at the ends, a summarised dimension is '[...]' whatever it holds
  const column = edges.includes(0) ? undefined : columnOf(values.elements(edges), dtype)
  const shown = shape.map((size, d) => (edges[d] === null ? size : 2 * edges[d]!))

  const vector = (at: number, lineIndent: number): string => {
    const edge = edges[edges.length - 1]!
    if (!column || edge === 0) return '[...]'
    const items = Array.from({ length: shown[shown.length - 1]! }, (_, i) => column.format(at + i))
    if (edge !== null) items.splice(edge, 0, ' ...')
    const perLine = Math.max(1, Math.floor((linewidth - lineIndent) / (column.width + 2)))
    const lines: string[] = []
    for (let i = 0; i < items.length; i += perLine) lines.push(items.slice(i, i + perLine).join(', '))
    return `[${lines.join(`,\n${' '.repeat(lineIndent + 1)}`)}]`
  }
  const block = (d: number, at: number, lineIndent: number): string => {
    if (d === shape.length - 1) return vector(at, lineIndent)
    const step = shown.slice(d + 1).reduce((product, size) => product * size, 1)
    const slices = Array.from({ length: shown[d]! }, (_, i) => block(d + 1, at + i * step, lineIndent + 1))
    if (edges[d] !== null) slices.splice(edges[d]!, 0, '...')
    return `[${slices.join(`,${'\n'.repeat(shape.length - d - 1)}${' '.repeat(lineIndent + 1)}`)}]`
  }
  return shape.length === 0 ? (column?.format(0) ?? '...') : block(0, 0, indent)
}

function columnOf(elements: Elements, dtype: DType): Column {
  if (isComplex(dtype)) return complexColumn(elements as ArrayLike<number>)
  if (isFloating(dtype)) return floatColumn(elements as ArrayLike<number>)
  const text = dtype === 'bool' ? (value: number | bigint) => (value ? 'True' : 'False') : String
  let width = 1
  for (let i = 0; i < elements.length; i++) width = Math.max(width, text(elements[i]!).length)
  return { width, format: i => text(elements[i]!).padStart(width) }
}

function floatColumn(values: ArrayLike<number>, offset = 0, stride = 1): Column {
  const { precision } = current
  // Whether the finite values are whole, and their range, decide the notation for all
  let whole = true
  let smallest = Infinity
  let largest = 0
  for (let i = offset; i < values.length; i += stride) {
    const value = values[i]!
    if (value === 0 || !Number.isFinite(value)) continue
    const size = Math.abs(value)
    if (size < smallest) smallest = size
    if (size > largest) largest = size
    if (whole && !Number.isInteger(value)) whole = false
  }
  const scientific = largest > 0 && (current.sciMode ?? (largest / smallest > 1000 || largest > 1e8 || smallest < 1e-4))
  const text = scientific
    ? (value: number) => formatExponential(value, precision)
    : whole
      ? (value: number) => formatFixed(value, 0) + (Number.isFinite(value) ? '.' : '')
      : (value: number) => formatFixed(value, precision)
  // Zeros, infinities and nans do not count for the width: they may stand out
  let width = 1
  for (let i = offset; i < values.length; i += stride) {
    const value = values[i]!
    if (value !== 0 && Number.isFinite(value)) width = Math.max(width, text(value).length)
  }
  return { width, format: i => text(values[offset + i * stride]!).padStart(width) }
}

function complexColumn(values: ArrayLike<number>): Column {
  const real = floatColumn(values, 0, 2)
  const imaginary = floatColumn(values, 1, 2)
  return {
    width: real.width + imaginary.width + 1, // and the j
    format: i => {
      const im = `${imaginary.format(i)}j`.trimStart()
      return real.format(i) + (im.startsWith('-') ? im : `+${im}`)
    },
  }
}
