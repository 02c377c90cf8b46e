/**
 * `torch.nn.init`: fills tensors in place, without recording gradients, and gives them back. The numbers drawn are
 * Python's after the same seed. Positional arguments in Python's order, then one options object.
 *
 * Errors: `ERR_INVALID_ARG_TYPE`, `ERR_UNKNOWN_OPTION`; `ERR_INVALID_ARG_VALUE` for a rank that a function does not take.
 *
 * @see https://docs.pytorch.org/docs/stable/nn.init.html
 */
import { noGrad } from '../autograd'
import { describe, InvalidArgTypeError, InvalidArgValueError } from '../core/errors'
import type { Generator } from '../core/generator'
import { check, is, mergeArguments } from '../core/options'
import type { IsUnranked, Shape, ShapeError, Show } from '../core/shape-types'
import { tidy } from '../memory'
import { callOperator } from '../ops/registry'
import { isTensor, type Tensor } from '../tensor/tensor'
import { calculateGain, type Nonlinearity } from './gain'
import { copy, normal, truncatedNormal, uniform } from './truncated-normal'

export { calculateGain, type Nonlinearity } from './gain'

/** Where the random numbers come from: the default generator unless given. */
export interface DrawOptions {
  generator?: Generator | null
}

/** The options of `kaimingUniform_` and `kaimingNormal_`. */
export interface KaimingOptions extends DrawOptions {
  /** The slope of a leaky ReLU after the layer; default 0. */
  a?: number
  /** Whether the forward (`'fan_in'`) or the backward pass keeps its magnitude; default `'fan_in'`. */
  mode?: 'fan_in' | 'fan_out'
  /** Default `'leaky_relu'`. */
  nonlinearity?: Nonlinearity
}

// Refuses a shape whose rank is known and none of `Ranks`.
type RankCheck<T, Ranks extends number, Words extends string> =
  T extends Tensor<infer S>
    ? IsUnranked<S> extends true
      ? unknown
      : S['length'] extends Ranks
        ? unknown
        : ShapeError<`a tensor of ${Words} dimensions is needed, got ${Show<S>}`>
    : unknown
type Matrix<T> = RankCheck<T, 2, '2'>
type Kernel<T> = RankCheck<T, 3 | 4 | 5, '3, 4 or 5'>
type Weight<T> =
  T extends Tensor<infer S>
    ? S extends readonly [] | readonly [number]
      ? ShapeError<`a tensor of 2 or more dimensions is needed, got ${Show<S>}`>
      : unknown
    : unknown

type Arguments = { tensor: Tensor; generator: Generator | null } & Record<string, any>

/** The arguments by name; `defaults` are numbers, and so must be what is given in their place. */
function read(
  what: string,
  names: readonly string[],
  args: readonly unknown[],
  defaults: Record<string, number>,
  required = 1,
): Arguments {
  const merged = mergeArguments(what, ['tensor', ...names], args, required)
  if (!isTensor(merged.tensor)) {
    throw new InvalidArgTypeError(`${what}: expected a tensor as 'tensor', got ${describe(merged.tensor)}`)
  }
  const values: Record<string, unknown> = { generator: null, ...defaults, ...merged }
  for (const name of Object.keys(defaults)) check(what, name, values[name], is.number)
  return values as Arguments
}

/** Runs `fill` without gradients, frees what it made, and gives the tensor itself. */
function filled<T extends Tensor>(tensor: T, fill: () => void): T {
  noGrad(() => tidy(fill))
  return tensor
}

/**
 * Values between `a` (0) and `b` (1), evenly spread.
 *
 * @see https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.uniform_
 */
export function uniform_<T extends Tensor>(
  tensor: T,
  a?: number | ({ a?: number; b?: number } & DrawOptions),
  b?: number | ({ b?: number } & DrawOptions),
  generator?: Generator | null | DrawOptions,
): T
export function uniform_(...args: unknown[]): Tensor {
  const { tensor, a, b, generator } = read('uniform_', ['a', 'b', 'generator'], args, { a: 0, b: 1 })
  return filled(tensor, () => void uniform(tensor, a, b, generator))
}

/**
 * Normally distributed values of mean `mean` (0) and standard deviation `std` (1).
 *
 * @see https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.normal_
 */
export function normal_<T extends Tensor>(
  tensor: T,
  mean?: number | ({ mean?: number; std?: number } & DrawOptions),
  std?: number | ({ std?: number } & DrawOptions),
  generator?: Generator | null | DrawOptions,
): T
export function normal_(...args: unknown[]): Tensor {
  const names = ['mean', 'std', 'generator']
  const { tensor, mean, std, generator } = read('normal_', names, args, { mean: 0, std: 1 })
  return filled(tensor, () => void normal(tensor, mean, std, generator))
}

/** The options of `truncNormal_`. */
export interface TruncNormalOptions extends DrawOptions {
  /** Default 0. */
  mean?: number
  /** Default 1. */
  std?: number
  /** The least value; default -2. */
  a?: number
  /** The greatest value; default 2. */
  b?: number
}

/**
 * Normally distributed values, those outside `a` (-2) to `b` (2) drawn again.
 *
 * @see https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.trunc_normal_
 */
export function truncNormal_<T extends Tensor>(
  tensor: T,
  mean?: number | TruncNormalOptions,
  std?: number | Omit<TruncNormalOptions, 'mean'>,
  a?: number | Omit<TruncNormalOptions, 'mean' | 'std'>,
  b?: number | Pick<TruncNormalOptions, 'b' | 'generator'>,
  generator?: Generator | null | DrawOptions,
): T
export function truncNormal_(...args: unknown[]): Tensor {
  const names = ['mean', 'std', 'a', 'b', 'generator']
  const { tensor, mean, std, a, b, generator } = read('truncNormal_', names, args, { mean: 0, std: 1, a: -2, b: 2 })
  if (tensor.device === 'meta') return tensor
  return filled(tensor, () => {
    truncatedNormal(tensor, { mean, std, a, b }, generator)
  })
}

/**
 * The value `val` everywhere.
 *
 * @see https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.constant_
 */
export function constant_<T extends Tensor>(tensor: T, val: number | { val: number }): T
export function constant_(...args: unknown[]): Tensor {
  const { tensor, val } = read('constant_', ['val'], args, { val: 0 }, 2)
  return filled(tensor, () => void callOperator('aten::fill_', 'Scalar', [tensor, val]))
}

/** 1 everywhere. `torch.nn.init.ones_` */
export function ones_<T extends Tensor>(tensor: T): T
export function ones_(...args: unknown[]): Tensor {
  const { tensor } = read('ones_', [], args, {})
  return filled(tensor, () => void callOperator('aten::fill_', 'Scalar', [tensor, 1]))
}

/** 0 everywhere. `torch.nn.init.zeros_` */
export function zeros_<T extends Tensor>(tensor: T): T
export function zeros_(...args: unknown[]): Tensor {
  const { tensor } = read('zeros_', [], args, {})
  return filled(tensor, () => void callOperator('aten::zero_', '', [tensor]))
}

/**
 * The identity: of a matrix `[O, I]`, 1 on the diagonal and 0 elsewhere.
 *
 * @see https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.eye_
 */
export function eye_<T extends Tensor>(tensor: T & Matrix<T>): T
export function eye_(...args: unknown[]): Tensor {
  const { tensor } = read('eye_', [], args, {})
  needsMatrix(tensor)
  return filled(tensor, () => void callOperator('aten::eye', 'm_out', [...(tensor.shape as Shape), tensor]))
}

/**
 * The identity of a convolution `[O, I, ...]` of 1 to 3 spatial dimensions: as many channels as possible, in each of
 * `groups` (1) groups, pass unchanged.
 *
 * @see https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.dirac_
 */
export function dirac_<T extends Tensor>(tensor: T & Kernel<T>, groups?: number | { groups?: number }): T
export function dirac_(...args: unknown[]): Tensor {
  const { tensor, groups } = read('dirac_', ['groups'], args, { groups: 1 })
  check('dirac_', 'groups', groups, is.positive)
  const [out = 0, channels = 0, ...sizes] = tensor.shape as Shape
  if (sizes.length < 1 || sizes.length > 3) {
    throw new InvalidArgValueError('Only tensors with 3, 4, or 5 dimensions are supported')
  }
  if (out % groups !== 0) throw new InvalidArgValueError('dim 0 must be divisible by groups')
  if (tensor.device === 'meta') return tensor
  const perGroup = out / groups
  const passed = Math.min(perGroup, channels)
  return filled(tensor, () => {
    callOperator('aten::zero_', '', [tensor])
    for (let group = 0; group < groups; group++) {
      for (let d = 0; d < passed; d++) {
        let place = tensor
        for (const index of [group * perGroup + d, d, ...sizes.map(size => Math.floor(size / 2))]) {
          place = callOperator('aten::select', 'int', [place, 0, index]) as Tensor
        }
        callOperator('aten::fill_', 'Scalar', [place, 1])
      }
    }
  })
}

// How many inputs an output of a weight [O, I, ...] sums over, and how many outputs an input reaches.
function fans(tensor: Tensor): { fan_in: number; fan_out: number } {
  const [out, channels, ...sizes] = tensor.shape as Shape
  if (out === undefined || channels === undefined) {
    throw new InvalidArgValueError('Fan in and fan out can not be computed for tensor with fewer than 2 dimensions')
  }
  const field = sizes.reduce((product, size) => product * size, 1)
  return { fan_in: channels * field, fan_out: out * field }
}

/**
 * Glorot's: values between ±gain * sqrt(6 / (fanIn + fanOut)), evenly spread; `gain` 1.
 *
 * @see https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.xavier_uniform_
 */
export function xavierUniform_<T extends Tensor>(
  tensor: T & Weight<T>,
  gain?: number | ({ gain?: number } & DrawOptions),
  generator?: Generator | null | DrawOptions,
): T
export function xavierUniform_(...args: unknown[]): Tensor {
  const { tensor, gain, generator } = read('xavierUniform_', ['gain', 'generator'], args, { gain: 1 })
  const bound = Math.sqrt(3) * xavierDeviation(tensor, gain)
  return filled(tensor, () => void uniform(tensor, -bound, bound, generator))
}

/**
 * Glorot's: normally distributed values of standard deviation gain * sqrt(2 / (fanIn + fanOut)); `gain` 1.
 *
 * @see https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.xavier_normal_
 */
export function xavierNormal_<T extends Tensor>(
  tensor: T & Weight<T>,
  gain?: number | ({ gain?: number } & DrawOptions),
  generator?: Generator | null | DrawOptions,
): T
export function xavierNormal_(...args: unknown[]): Tensor {
  const { tensor, gain, generator } = read('xavierNormal_', ['gain', 'generator'], args, { gain: 1 })
  const std = xavierDeviation(tensor, gain)
  return filled(tensor, () => void normal(tensor, 0, std, generator))
}

function xavierDeviation(tensor: Tensor, gain: number): number {
  const { fan_in, fan_out } = fans(tensor)
  return gain * Math.sqrt(2 / (fan_in + fan_out))
}

const KAIMING = ['a', 'mode', 'nonlinearity', 'generator']

/**
 * He's: values between ±gain * sqrt(3 / fan), evenly spread, with `calculateGain(nonlinearity, a)`. What `Linear` and the
 * convolutions do with `a` of sqrt(5).
 *
 * @see https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.kaiming_uniform_
 * @example
 * nn.init.kaimingUniform_(layer.weight, { mode: 'fan_out', nonlinearity: 'relu' })
 */
export function kaimingUniform_<T extends Tensor>(
  tensor: T & Weight<T>,
  a?: number | KaimingOptions,
  mode?: KaimingOptions['mode'] | Omit<KaimingOptions, 'a'>,
  nonlinearity?: Nonlinearity | Pick<KaimingOptions, 'nonlinearity' | 'generator'>,
  generator?: Generator | null | DrawOptions,
): T
export function kaimingUniform_(...args: unknown[]): Tensor {
  const values = read('kaimingUniform_', KAIMING, args, { a: 0 })
  const { tensor, generator } = values
  const std = kaimingDeviation('kaimingUniform_', values)
  if (std === undefined) return tensor
  const bound = Math.sqrt(3) * std
  return filled(tensor, () => void uniform(tensor, -bound, bound, generator))
}

/**
 * He's: normally distributed values of standard deviation gain / sqrt(fan), with `calculateGain(nonlinearity, a)`.
 *
 * @see https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.kaiming_normal_
 */
export function kaimingNormal_<T extends Tensor>(
  tensor: T & Weight<T>,
  a?: number | KaimingOptions,
  mode?: KaimingOptions['mode'] | Omit<KaimingOptions, 'a'>,
  nonlinearity?: Nonlinearity | Pick<KaimingOptions, 'nonlinearity' | 'generator'>,
  generator?: Generator | null | DrawOptions,
): T
export function kaimingNormal_(...args: unknown[]): Tensor {
  const values = read('kaimingNormal_', KAIMING, args, { a: 0 })
  const { tensor, generator } = values
  const std = kaimingDeviation('kaimingNormal_', values)
  if (std === undefined) return tensor
  return filled(tensor, () => void normal(tensor, 0, std, generator))
}

// Undefined for a tensor without elements, which is left alone.
function kaimingDeviation(what: string, values: { tensor: Tensor } & KaimingOptions): number | undefined {
  const { tensor, a, mode = 'fan_in', nonlinearity = 'leaky_relu' } = values
  if ((tensor.shape as Shape).includes(0)) {
    process.emitWarning('Initializing zero-element tensors is a no-op')
    return undefined
  }
  const fan = (fans(tensor) as Record<string, number>)[String(mode).toLowerCase()]
  if (fan === undefined) {
    throw new InvalidArgValueError(`${what}: 'mode' must be 'fan_in' or 'fan_out', got ${describe(mode)}`)
  }
  return calculateGain(nonlinearity, a) / Math.sqrt(fan)
}

/**
 * Orthogonal rows or columns, whichever are fewer, of a tensor flattened to a matrix `[O, I * ...]`, times `gain` (1).
 *
 * @see https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.orthogonal_
 */
export function orthogonal_<T extends Tensor>(
  tensor: T & Weight<T>,
  gain?: number | ({ gain?: number } & DrawOptions),
  generator?: Generator | null | DrawOptions,
): T
export function orthogonal_(...args: unknown[]): Tensor {
  const { tensor, gain, generator } = read('orthogonal_', ['gain', 'generator'], args, { gain: 1 })
  if (tensor.ndim < 2) throw new InvalidArgValueError('Only tensors with 2 or more dimensions are supported')
  if (tensor.numel() === 0 || tensor.device === 'meta') return tensor
  const rows = tensor.size(0) as number
  const columns = tensor.numel() / rows
  const transposed = (matrix: Tensor): Tensor => callOperator('aten::t', '', [matrix]) as Tensor
  return filled(tensor, () => {
    const drawn = normal(callOperator('aten::new_empty', '', [tensor, [rows, columns]]) as Tensor, 0, 1, generator)
    const [q, r] = callOperator('aten::linalg_qr', '', [rows < columns ? transposed(drawn) : drawn]) as Tensor[]
    // the signs of the diagonal make the distribution even
    const signs = callOperator('aten::sign', '', [callOperator('aten::diagonal', '', [r])])
    callOperator('aten::mul_', 'Tensor', [q, signs])
    const basis = rows < columns ? transposed(q!) : q!
    copy(callOperator('aten::view', '', [tensor, basis.shape]) as Tensor, basis)
    callOperator('aten::mul_', 'Scalar', [tensor, gain])
  })
}

/**
 * Normally distributed values of standard deviation `std` (0.01) in a matrix, with the share `sparsity` of each column
 * set to 0. The places are drawn from the default generator even where one is given, as in Python.
 *
 * @see https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.sparse_
 */
export function sparse_<T extends Tensor>(
  tensor: T & Matrix<T>,
  sparsity: number | ({ sparsity: number; std?: number } & DrawOptions),
  std?: number | ({ std?: number } & DrawOptions),
  generator?: Generator | null | DrawOptions,
): T
export function sparse_(...args: unknown[]): Tensor {
  const names = ['sparsity', 'std', 'generator']
  const { tensor, sparsity, std, generator } = read('sparse_', names, args, { sparsity: 0, std: 0.01 }, 2)
  needsMatrix(tensor)
  if (tensor.device === 'meta') return tensor
  const [rows, columns] = tensor.shape as [number, number]
  const zeros = Math.ceil(sparsity * rows)
  return filled(tensor, () => {
    normal(tensor, 0, std, generator)
    for (let i = 0; i < columns; i++) {
      const order = callOperator('aten::randperm', '', [rows]) as Tensor
      // [:zeros], where a negative end counts from the back
      const places = callOperator('aten::slice', 'Tensor', [order, 0, 0, zeros])
      const column = callOperator('aten::select', 'int', [tensor, 1, i])
      callOperator('aten::index_fill_', 'int_Scalar', [column, 0, places, 0])
    }
  })
}

function needsMatrix(tensor: Tensor): void {
  if (tensor.ndim !== 2) throw new InvalidArgValueError('Only tensors with 2 dimensions are supported')
}
