import { describe, InvalidArgTypeError, InvalidArgValueError } from '../../core/errors'
import type { Tensor } from '../../tensor/tensor'
import { relu } from '../functional'
import { gelu } from '../functional-activations'
import { isModule, Module } from '../module'
import type { Rule } from '../rules'
import { Dropout } from './dropout'
import { GELU } from './gates'
import { LayerNorm } from './layer-norm'
import type { LayerOptions } from './layer-options'
import { Linear } from './linear'
import { MultiheadAttention } from './multihead-attention'
import { OperatorLayer } from './operator-layer'
import { ReLU } from './relu'
import type { FactoryOptions } from './shape-layer'

/** What stands between the two linear layers: a name, a function, or a module. */
export type ActivationOption = 'relu' | 'gelu' | ((x: Tensor) => Tensor) | Module

/** The options of a transformer's layers. */
export interface TransformerLayerOptions extends FactoryOptions {
  /** Features between the two linear layers; default 2048. */
  dimFeedforward?: number
  /** The probability that an element becomes 0 in train mode; default 0.1. */
  dropout?: number
  /** What stands between the two linear layers; default `'relu'`. */
  activation?: ActivationOption
  /** Added to the variance by the norms; default 1e-5. */
  layerNormEps?: number
  /** Whether tensors are `[N, L, E]` and not `[L, N, E]`; default false. */
  batchFirst?: boolean
  /** Whether the norms come before the attention and the linear layers, not after them; default false. */
  normFirst?: boolean
  /** Whether linear layers and norms have biases; default true. */
  bias?: boolean
}

/** The names of the layers' arguments, in Python's order. */
export const LAYER_NAMES = [
  ...['dModel', 'nhead', 'dimFeedforward', 'dropout', 'activation', 'layerNormEps', 'batchFirst', 'normFirst', 'bias'],
  ...['device', 'dtype'],
]

/** The activation as what is called, and as libtorch's number: 1 ReLU, 2 GELU, 0 another one. */
export function activationOf(
  what: string,
  given: unknown,
): { activation: Module | ((x: Tensor) => Tensor); code: number } {
  if (given === 'relu' || given === relu) return { activation: relu as (x: Tensor) => Tensor, code: 1 }
  if (given === 'gelu' || given === gelu) return { activation: gelu as (x: Tensor) => Tensor, code: 2 }
  if (isModule(given)) return { activation: given, code: given instanceof ReLU ? 1 : given instanceof GELU ? 2 : 0 }
  if (typeof given === 'function') return { activation: given as (x: Tensor) => Tensor, code: 0 }
  if (typeof given === 'string') throw new InvalidArgValueError(`${what}: activation should be relu/gelu, not ${given}`)
  throw new InvalidArgTypeError(`${what}: 'activation' must be a name, a function or a module, got ${describe(given)}`)
}

/** The masks of one attention. */
export interface Masks {
  attnMask: Tensor | null
  keyPaddingMask: Tensor | null
  isCausal: boolean
}

/** What encoder and decoder layers share: attention to oneself, and two linear layers. */
export abstract class TransformerLayer<R extends Rule> extends OperatorLayer<R> {
  /** @internal How the fused operator calls the activation. */
  readonly activationCode: number

  protected constructor(protected readonly settings: LayerOptions) {
    super()
    // no field of its own: children are fields, and Python's come first
    Object.defineProperty(this, 'settings', { enumerable: false })
    const { code } = activationOf(settings.what, settings.raw('activation') ?? 'relu')
    this.activationCode = code
  }

  protected attention(): MultiheadAttention<number, number, number, number, boolean> {
    const { settings } = this
    return new MultiheadAttention(settings.integer('dModel'), settings.integer('nhead'), {
      dropout: settings.number('dropout', 0.1),
      bias: settings.flag('bias', true),
      batchFirst: settings.flag('batchFirst'),
      ...settings.factory(),
    }) as MultiheadAttention<number, number, number, number, boolean>
  }

  protected linear(outwards: boolean): Linear<number, number> {
    const { settings } = this
    const [model, inner] = [settings.integer('dModel'), settings.integer('dimFeedforward', 2048)]
    const [from, to] = outwards ? [model, inner] : [inner, model]
    return new Linear(from, to, { bias: settings.flag('bias', true), ...settings.factory() })
  }

  protected norm(): LayerNorm<number> {
    const { settings } = this
    const [eps, bias] = [settings.number('layerNormEps', 1e-5), settings.flag('bias', true)]
    return new LayerNorm(settings.integer('dModel'), { eps, bias, ...settings.factory() })
  }

  protected dropping(): Dropout {
    return new Dropout(this.settings.number('dropout', 0.1))
  }
}

type Block = {
  linear1: Linear<number, number>
  linear2: Linear<number, number>
  dropout: Dropout
  activation: Module | ((x: Tensor) => Tensor)
}

/** The two linear layers, and what stands between them. */
export function feedForward({ linear1, linear2, dropout, activation }: Block, x: Tensor): Tensor {
  const inner = linear1.forward(x) as Tensor
  const active =
    activation instanceof Module
      ? (activation as Module & { forward(x: Tensor): Tensor }).forward(inner)
      : activation(inner)
  return linear2.forward(dropout.forward(active)) as Tensor
}

/** The attention of queries to a memory, or to themselves; the weights are not asked for. */
export function attended(
  attention: MultiheadAttention<number, number, number, number, boolean>,
  x: Tensor,
  memory: Tensor,
  { attnMask, keyPaddingMask, isCausal }: Masks,
): Tensor {
  return attention.forward(x, memory, memory, { attnMask, keyPaddingMask, isCausal, needWeights: false })[0] as Tensor
}
