/** The activations of `torch.nn.functional`: element by element, the shape and the dtype stay. */
import type { DType } from '../core/dtype'
import { InvalidArgValueError } from '../core/errors'
import type { Shape } from '../core/shape-types'
import type { Tensor } from '../tensor/tensor'
import { call } from './functional-call'
import { LayerOptions } from './layers/layer-options'

interface Inplace {
  /** Overwrites the input instead of making a new tensor; default false. */
  inplace?: boolean
}
type Last = boolean | Inplace
type Defaults = Readonly<Record<string, number | boolean>>

/** Calls `operator`, or its form in place, with the arguments after the input in the order of `defaults`. */
function elementwise(operator: string, what: string, args: readonly unknown[], defaults: Defaults, required = 1) {
  const options = new LayerOptions(what, ['input', ...Object.keys(defaults)], args, required)
  const { inplace = false, ...rest } = defaults
  const values = Object.entries(rest).map(([name, value]) =>
    typeof value === 'boolean' ? options.flag(name, value) : options.number(name, value),
  )
  const own = 'inplace' in defaults && options.flag('inplace', inplace as boolean) ? `${operator}_` : operator
  return call(own, [options.raw('input'), ...values])
}

/** `value` where x <= `threshold`, else x. `torch.nn.functional.threshold` */
export function threshold<S extends Shape, T extends DType>(
  input: Tensor<S, T>,
  threshold: number | ({ threshold: number; value: number } & Inplace),
  value?: number | ({ value: number } & Inplace),
  inplace?: Last,
): Tensor<S, T>
export function threshold(...args: unknown[]): Tensor {
  return elementwise('threshold', 'threshold', args, { threshold: 0, value: 0, inplace: false }, 3)
}

/** x cut to `minVal` (-1) and `maxVal` (1). `torch.nn.functional.hardtanh` */
export function hardtanh<S extends Shape, T extends DType>(
  input: Tensor<S, T>,
  minVal?: number | ({ minVal?: number; maxVal?: number } & Inplace),
  maxVal?: number | ({ maxVal?: number } & Inplace),
  inplace?: Last,
): Tensor<S, T>
export function hardtanh(...args: unknown[]): Tensor {
  const defaults = { minVal: -1, maxVal: 1, inplace: false }
  const options = new LayerOptions('hardtanh', ['input', ...Object.keys(defaults)], args, 1)
  if (options.number('minVal', -1) > options.number('maxVal', 1)) {
    throw new InvalidArgValueError('hardtanh: min_val cannot be greater than max_val')
  }
  return elementwise('hardtanh', 'hardtanh', args, defaults)
}

/** min(max(x, 0), 6). `torch.nn.functional.relu6` */
export function relu6<S extends Shape, T extends DType>(input: Tensor<S, T>, inplace?: Last): Tensor<S, T>
export function relu6(...args: unknown[]): Tensor {
  return elementwise('relu6', 'relu6', args, { inplace: false })
}

/** x where positive, else `alpha` (1) times exp(x) - 1. `torch.nn.functional.elu` */
export function elu<S extends Shape, T extends DType>(
  input: Tensor<S, T>,
  alpha?: number | ({ alpha?: number } & Inplace),
  inplace?: Last,
): Tensor<S, T>
export function elu(...args: unknown[]): Tensor {
  return elementwise('elu', 'elu', args, { alpha: 1, inplace: false })
}

/** ELU with the constants that keep mean 0 and variance 1. `torch.nn.functional.selu` */
export function selu<S extends Shape, T extends DType>(input: Tensor<S, T>, inplace?: Last): Tensor<S, T>
export function selu(...args: unknown[]): Tensor {
  return elementwise('selu', 'selu', args, { inplace: false })
}

/** max(0, x) + min(0, alpha (exp(x / alpha) - 1)); `alpha` is 1 unless given. `torch.nn.functional.celu` */
export function celu<S extends Shape, T extends DType>(
  input: Tensor<S, T>,
  alpha?: number | ({ alpha?: number } & Inplace),
  inplace?: Last,
): Tensor<S, T>
export function celu(...args: unknown[]): Tensor {
  return elementwise('celu', 'celu', args, { alpha: 1, inplace: false })
}

/** x where positive, else `negativeSlope` (0.01) times x. `torch.nn.functional.leaky_relu` */
export function leakyRelu<S extends Shape, T extends DType>(
  input: Tensor<S, T>,
  negativeSlope?: number | ({ negativeSlope?: number } & Inplace),
  inplace?: Last,
): Tensor<S, T>
export function leakyRelu(...args: unknown[]): Tensor {
  return elementwise('leaky_relu', 'leakyRelu', args, { negativeSlope: 0.01, inplace: false })
}

/** x where positive, else a learnt slope times x: `weight` `[1]`, or `[C]` for an input `[N, C, ...]`. `torch.nn.functional.prelu` */
export function prelu<S extends Shape, T extends DType>(
  input: Tensor<S, T>,
  weight: Tensor | { weight: Tensor },
): Tensor<S, T>
export function prelu(...args: unknown[]): Tensor {
  return call('prelu', args)
}

/**
 * A leaky ReLU whose slope for each element is drawn between `lower` (1/8) and `upper` (1/3) where `training`, and their
 * mean where not (the default). `torch.nn.functional.rrelu`
 */
export function rrelu<S extends Shape, T extends DType>(
  input: Tensor<S, T>,
  lower?: number | ({ lower?: number; upper?: number; training?: boolean } & Inplace),
  upper?: number | ({ upper?: number; training?: boolean } & Inplace),
  training?: boolean | ({ training?: boolean } & Inplace),
  inplace?: Last,
): Tensor<S, T>
export function rrelu(...args: unknown[]): Tensor {
  return elementwise('rrelu', 'rrelu', args, { lower: 1 / 8, upper: 1 / 3, training: false, inplace: false })
}

/** x times the normal distribution's function at x; `'tanh'` approximates that. `torch.nn.functional.gelu` */
export function gelu<S extends Shape, T extends DType>(
  input: Tensor<S, T>,
  approximate?: 'none' | 'tanh' | { approximate?: 'none' | 'tanh' },
): Tensor<S, T>
export function gelu(...args: unknown[]): Tensor {
  const options = new LayerOptions('gelu', ['input', 'approximate'], args, 1)
  return call('gelu', [options.raw('input'), { approximate: options.word('approximate', ['none', 'tanh'], 'none') }])
}

/** x times sigmoid(x). `torch.nn.functional.silu` */
export function silu<S extends Shape, T extends DType>(input: Tensor<S, T>, inplace?: Last): Tensor<S, T>
export function silu(...args: unknown[]): Tensor {
  return elementwise('silu', 'silu', args, { inplace: false })
}

/** x times tanh(softplus(x)). `torch.nn.functional.mish` */
export function mish<S extends Shape, T extends DType>(input: Tensor<S, T>, inplace?: Last): Tensor<S, T>
export function mish(...args: unknown[]): Tensor {
  return elementwise('mish', 'mish', args, { inplace: false })
}

/** x times min(max(x + 3, 0), 6) / 6. `torch.nn.functional.hardswish` */
export function hardswish<S extends Shape, T extends DType>(input: Tensor<S, T>, inplace?: Last): Tensor<S, T>
export function hardswish(...args: unknown[]): Tensor {
  return elementwise('hardswish', 'hardswish', args, { inplace: false })
}

/** min(max(x + 3, 0), 6) / 6. `torch.nn.functional.hardsigmoid` */
export function hardsigmoid<S extends Shape, T extends DType>(input: Tensor<S, T>, inplace?: Last): Tensor<S, T>
export function hardsigmoid(...args: unknown[]): Tensor {
  return elementwise('hardsigmoid', 'hardsigmoid', args, { inplace: false })
}

/** 1 / (1 + exp(-x)). `torch.nn.functional.sigmoid` */
export function sigmoid<S extends Shape, T extends DType>(input: Tensor<S, T>): Tensor<S, T>
export function sigmoid(...args: unknown[]): Tensor {
  return elementwise('sigmoid', 'sigmoid', args, {})
}

/** The hyperbolic tangent. `torch.nn.functional.tanh` */
export function tanh<S extends Shape, T extends DType>(input: Tensor<S, T>): Tensor<S, T>
export function tanh(...args: unknown[]): Tensor {
  return elementwise('tanh', 'tanh', args, {})
}

/** log(1 / (1 + exp(-x))). `torch.nn.functional.logsigmoid` */
export function logsigmoid<S extends Shape, T extends DType>(input: Tensor<S, T>): Tensor<S, T>
export function logsigmoid(...args: unknown[]): Tensor {
  return elementwise('log_sigmoid', 'logsigmoid', args, {})
}

/** log(1 + exp(beta x)) / beta, and x itself where beta x > `threshold` (20). `torch.nn.functional.softplus` */
export function softplus<S extends Shape, T extends DType>(
  input: Tensor<S, T>,
  beta?: number | { beta?: number; threshold?: number },
  threshold?: number | { threshold?: number },
): Tensor<S, T>
export function softplus(...args: unknown[]): Tensor {
  return elementwise('softplus', 'softplus', args, { beta: 1, threshold: 20 })
}

/** x / (1 + |x|). `torch.nn.functional.softsign` */
export function softsign<S extends Shape, T extends DType>(input: Tensor<S, T>): Tensor<S, T>
export function softsign(...args: unknown[]): Tensor {
  const input = new LayerOptions('softsign', ['input'], args, 1).tensor('input')
  return input.div(input.abs().add(1))
}

/** x - tanh(x). `torch.nn.functional.tanhshrink` */
export function tanhshrink<S extends Shape, T extends DType>(input: Tensor<S, T>): Tensor<S, T>
export function tanhshrink(...args: unknown[]): Tensor {
  const input = new LayerOptions('tanhshrink', ['input'], args, 1).tensor('input')
  return input.sub(input.tanh())
}

/** x where |x| > `lambd` (0.5), else 0. `torch.nn.functional.hardshrink` */
export function hardshrink<S extends Shape, T extends DType>(
  input: Tensor<S, T>,
  lambd?: number | { lambd?: number },
): Tensor<S, T>
export function hardshrink(...args: unknown[]): Tensor {
  return elementwise('hardshrink', 'hardshrink', args, { lambd: 0.5 })
}

/** x drawn towards 0 by `lambd` (0.5). `torch.nn.functional.softshrink` */
export function softshrink<S extends Shape, T extends DType>(
  input: Tensor<S, T>,
  lambd?: number | { lambd?: number },
): Tensor<S, T>
export function softshrink(...args: unknown[]): Tensor {
  return elementwise('softshrink', 'softshrink', args, { lambd: 0.5 })
}
