import { InvalidArgValueError } from '../core/errors'
import { check, is, mergeArguments } from '../core/options'

/** The functions that `calculateGain` knows. */
export type Nonlinearity =
  | 'linear'
  | 'conv1d'
  | 'conv2d'
  | 'conv3d'
  | 'conv_transpose1d'
  | 'conv_transpose2d'
  | 'conv_transpose3d'
  | 'sigmoid'
  | 'tanh'
  | 'relu'
  | 'leaky_relu'
  | 'selu'

/**
 * By how much to scale the weights before a function so that magnitudes stay: 1 for linear ones and the sigmoid, 5 / 3
 * for `'tanh'`, sqrt(2) for `'relu'`, sqrt(2 / (1 + param^2)) for `'leaky_relu'` (its slope, 0.01 by default), 3 / 4 for
 * `'selu'`. Any other name is `ERR_INVALID_ARG_VALUE`.
 *
 * @see https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.calculate_gain
 * @example
 * nn.init.calculateGain('leaky_relu', 0.2) // 1.3867504905630728
 */
export function calculateGain(nonlinearity: Nonlinearity, param?: number | null | { param?: number | null }): number
export function calculateGain(...args: unknown[]): number {
  const { nonlinearity, param = null } = mergeArguments('calculateGain', ['nonlinearity', 'param'], args, 1)
  switch (nonlinearity) {
    case 'tanh':
      return 5 / 3
    case 'relu':
      return Math.sqrt(2)
    case 'selu':
      return 3 / 4
    case 'leaky_relu': {
      if (param !== null) check('calculateGain', 'param', param, is.number)
      const slope = param === null ? 0.01 : (param as number)
      return Math.sqrt(2 / (1 + slope ** 2))
    }
    default:
      if (nonlinearity === 'sigmoid' || /^(linear|conv(_transpose)?[123]d)$/.test(String(nonlinearity))) return 1
      throw new InvalidArgValueError(`Unsupported nonlinearity ${String(nonlinearity)}`)
  }
}
