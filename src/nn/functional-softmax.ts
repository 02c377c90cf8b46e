/** The activations of `torch.nn.functional` that work along one dimension. */
import type { DType } from '../core/dtype'
import { InvalidArgValueError } from '../core/errors'
import { mergeArguments } from '../core/options'
import type { AxisCheck, Check, Shape } from '../core/shape-types'
import { isTensor, type Tensor } from '../tensor/tensor'
import type { Result } from '../tensor/typed'
import { call } from './functional-call'
import { LayerOptions } from './layers/layer-options'
import type { GluShape } from './sequence-rules'

type AlongDim<S extends Shape, I> = I extends number ? AxisCheck<'softmax', S, I> : unknown

/** exp(x) over its sum along `dim`; without one libtorch's old choice. `torch.nn.functional.softmax` */
export function softmax<
  S extends Shape,
  T extends DType,
  const I extends number | null = null,
  const E extends DType = T,
>(
  input: Tensor<S, T> & AlongDim<S, I>,
  dim?: I | { dim?: I; dtype?: E },
  options?: { dtype?: E },
): Tensor<S, NoInfer<E>>
export function softmax(...args: unknown[]): Tensor {
  return alongDim('softmax', 'softmax', args)
}

/** The logarithm of the softmax along `dim`. `torch.nn.functional.log_softmax` */
export function logSoftmax<
  S extends Shape,
  T extends DType,
  const I extends number | null = null,
  const E extends DType = T,
>(
  input: Tensor<S, T> & AlongDim<S, I>,
  dim?: I | { dim?: I; dtype?: E },
  options?: { dtype?: E },
): Tensor<S, NoInfer<E>>
export function logSoftmax(...args: unknown[]): Tensor {
  return alongDim('logSoftmax', 'log_softmax', args)
}

/** The softmax of -x along `dim`. `torch.nn.functional.softmin` */
export function softmin<
  S extends Shape,
  T extends DType,
  const I extends number | null = null,
  const E extends DType = T,
>(
  input: Tensor<S, T> & AlongDim<S, I>,
  dim?: I | { dim?: I; dtype?: E },
  options?: { dtype?: E },
): Tensor<S, NoInfer<E>>
export function softmin(...args: unknown[]): Tensor {
  return alongDim('softmin', 'softmax', args, input => input.neg())
}

function alongDim(
  what: string,
  operator: string,
  args: readonly unknown[],
  prepare: (input: Tensor) => Tensor = input => input,
): Tensor {
  const { input, dim, dtype } = mergeArguments(what, ['input', 'dim', 'dtype'], args, 1)
  if (!isTensor(input)) return call(operator, [input])
  const { ndim } = input
  const options = dtype === undefined || dtype === null ? {} : { dtype }
  return call(operator, [prepare(input), dim ?? (ndim === 0 || ndim === 1 || ndim === 3 ? 0 : 1), options])
}

/**
 * Of the two halves a and b along `dim` (-1): a times sigmoid(b). The size there is halved, and must be even.
 * `torch.nn.functional.glu`
 */
export function glu<S extends Shape, T extends DType, const I extends number = -1>(
  input: Tensor<S, T> & Check<GluShape<S, I>>,
  dim?: I | { dim?: I },
): Result<GluShape<S, I>, T>
export function glu(...args: unknown[]): Tensor {
  const options = new LayerOptions('glu', ['input', 'dim'], args, 1)
  const input = options.tensor('input')
  if (input.ndim === 0) throw new InvalidArgValueError('glu does not support scalars because halving size must be even')
  return call('glu', [input, options.integer('dim', -1)])
}

/**
 * A draw from the Gumbel-softmax distribution of logits, along `dim` (-1): probabilities, or with `hard` a 1 among zeros
 * whose gradient is that of the probabilities. The less `tau` (1), the nearer to one-hot.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.gumbel_softmax.html
 */
export function gumbelSoftmax<S extends Shape, T extends DType>(
  logits: Tensor<S, T>,
  tau?: number | { tau?: number; hard?: boolean; eps?: number; dim?: number },
  hard?: boolean | { hard?: boolean; eps?: number; dim?: number },
  eps?: number | { eps?: number; dim?: number },
  dim?: number | { dim?: number },
): Tensor<S, T>
export function gumbelSoftmax(...args: unknown[]): Tensor {
  const options = new LayerOptions('gumbelSoftmax', ['logits', 'tau', 'hard', 'eps', 'dim'], args, 1)
  const logits = options.tensor('logits')
  const dim = options.integer('dim', -1)
  const noise: Tensor = logits.detach().emptyLike().exponential_().log().neg()
  const soft: Tensor = logits.add(noise).div(options.number('tau', 1)).softmax(dim)
  if (!options.flag('hard')) return soft
  const index = soft.argmax(dim, true)
  const hard: Tensor = logits.detach().zerosLike().scatter_(dim, index, 1)
  return hard.sub(soft.detach()).add(soft)
}
