/** Norms of gradients and their clipping: the half of `torch.nn.utils` that works on gradients. */
import { noGrad } from '../autograd'
import { describe, InvalidArgTypeError, InvalidArgValueError } from '../core/errors'
import { check, is, mergeArguments } from '../core/options'
import { tidy } from '../memory'
import { callOperator } from '../ops/registry'
import { isTensor, type Tensor } from '../tensor/tensor'

/** One tensor, or several in any iterable: `model.parameters()`. */
export type Tensors = Tensor | Iterable<Tensor>

/** The options of `getTotalNorm` and `clipGradNorm_`. */
export interface NormOptions {
  /** The order of the norm, Infinity too; default 2. */
  normType?: number
  /** Refuses a norm that is nan or infinite (`ERR_INVALID_ARG_VALUE`), for which it reads the norm; default false. */
  errorIfNonfinite?: boolean
  /** One operator for all tensors of a device and dtype, or one for each; default null: all at once where that can be. */
  foreach?: boolean | null
}

/** The tensors of an argument as a list; `ERR_INVALID_ARG_TYPE` for anything else. */
export function listTensors(what: string, name: string, value: unknown): Tensor[] {
  if (isTensor(value)) return [value]
  const iterable = typeof value === 'object' && value !== null && Symbol.iterator in value
  const list = iterable ? [...(value as Iterable<unknown>)] : undefined
  const wrong = list?.find(item => !isTensor(item))
  if (list === undefined || list.some(item => !isTensor(item))) {
    const got = list === undefined ? describe(value) : `one with ${describe(wrong)}`
    throw new InvalidArgTypeError(`${what}: '${name}' must be a tensor or an iterable of tensors, got ${got}`)
  }
  return list as Tensor[]
}

const FOREACH = /^(cpu|cuda|xpu|mtia|hpu)(:|$)/

/** Calls `many` for the tensors of each device and dtype where one operator can do them all, else `each` for each. */
function perGroup(
  tensors: readonly Tensor[],
  foreach: boolean | null,
  many: (tensors: Tensor[], device: string) => void,
  each: (tensor: Tensor, device: string) => void,
): void {
  const groups = new Map<string, Tensor[]>()
  for (const tensor of tensors) {
    const key = `${tensor.device} ${tensor.dtype}`
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [tensor])
    else group.push(tensor)
  }
  // Python's groups come out of a hash map of libstdc++: the last one first. The order of norms decides their sum's last bit.
  for (const group of [...groups.values()].reverse()) {
    const device = group[0]!.device
    if (foreach !== false && FOREACH.test(device)) many(group, device)
    else if (foreach === true) {
      throw new InvalidArgValueError(`foreach=true was passed, but can't use the foreach API on ${device} tensors`)
    } else for (const tensor of group) each(tensor, device)
  }
}

function checkForeach(what: string, foreach: unknown): boolean | null {
  if (foreach !== null) check(what, 'foreach', foreach, is.boolean)
  return foreach as boolean | null
}

function totalNorm(tensors: readonly Tensor[], normType: number, nonfinite: boolean, foreach: boolean | null): Tensor {
  const first = tensors[0]
  if (first === undefined) return callOperator('aten::zeros', '', [[]]) as Tensor
  const norms: Tensor[] = []
  perGroup(
    tensors,
    foreach,
    group => norms.push(...(callOperator('aten::_foreach_norm', 'Scalar', [group, normType]) as Tensor[])),
    tensor => norms.push(callOperator('aten::linalg_vector_norm', '', [tensor, normType]) as Tensor),
  )
  const here = norms.map(norm => (norm.device === first.device ? norm : norm.to(first.device)))
  const total = callOperator('aten::linalg_vector_norm', '', [callOperator('aten::stack', '', [here]), normType])
  if (nonfinite && !Number.isFinite((total as Tensor).item())) {
    throw new InvalidArgValueError(
      `The total norm of order ${normType} for gradients from \`parameters\` is non-finite, so it cannot be clipped. ` +
        'To disable this error and scale the gradients by the non-finite norm anyway, set `errorIfNonfinite: false`',
    )
  }
  return total as Tensor
}

const gradientsOf = (parameters: readonly Tensor[]): Tensor[] =>
  parameters.map(parameter => parameter.grad).filter(grad => grad !== null)

/**
 * The norm of all tensors together, as if they were one vector: a tensor `[]`.
 *
 * Errors: `ERR_INVALID_ARG_TYPE`, `ERR_UNKNOWN_OPTION`; `ERR_INVALID_ARG_VALUE` with `errorIfNonfinite`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.get_total_norm.html
 */
export function getTotalNorm(
  tensors: Tensors,
  normType?: number | NormOptions,
  errorIfNonfinite?: boolean | Omit<NormOptions, 'normType'>,
  foreach?: boolean | null | Pick<NormOptions, 'foreach'>,
): Tensor<[]>
export function getTotalNorm(...args: unknown[]): Tensor {
  const names = ['tensors', 'normType', 'errorIfNonfinite', 'foreach']
  const merged = mergeArguments('getTotalNorm', names, args, 1)
  const { normType = 2, errorIfNonfinite = false, foreach = null } = merged
  check('getTotalNorm', 'normType', normType, is.number)
  check('getTotalNorm', 'errorIfNonfinite', errorIfNonfinite, is.boolean)
  const each = checkForeach('getTotalNorm', foreach)
  const tensors = listTensors('getTotalNorm', 'tensors', merged.tensors)
  return tidy(() => totalNorm(tensors, normType as number, errorIfNonfinite as boolean, each))
}

function scale(gradients: readonly Tensor[], maxNorm: number, total: Tensor, foreach: boolean | null): void {
  if (gradients.length === 0) return
  // Python's maxNorm / (total + 1e-6), which it computes so
  const inverse = callOperator('aten::reciprocal', '', [callOperator('aten::add', 'Scalar', [total, 1e-6])])
  const wanted = callOperator('aten::mul', 'Scalar', [inverse, maxNorm])
  // at most 1; multiplying by 1 is cheaper than asking the device whether it is
  const coefficient = callOperator('aten::clamp', '', [wanted, null, 1]) as Tensor
  const there = (device: string): Tensor =>
    coefficient.device === device ? coefficient : (coefficient.to(device as 'cpu') as Tensor)
  perGroup(
    gradients,
    foreach,
    (group, device) => callOperator('aten::_foreach_mul_', 'Tensor', [group, there(device)]),
    (tensor, device) => callOperator('aten::mul_', 'Tensor', [tensor, there(device)]),
  )
}

/**
 * Scales the gradients by min(maxNorm / (totalNorm + 1e-6), 1), in place, with a norm computed before.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.clip_grads_with_norm_.html
 */
export function clipGradsWithNorm_(
  parameters: Tensors,
  maxNorm: number,
  totalNorm: Tensor,
  foreach?: boolean | null | Pick<NormOptions, 'foreach'>,
): void
export function clipGradsWithNorm_(...args: unknown[]): void {
  const what = 'clipGradsWithNorm_'
  const merged = mergeArguments(what, ['parameters', 'maxNorm', 'totalNorm', 'foreach'], args, 3)
  const { maxNorm, totalNorm: total, foreach = null } = merged
  check(what, 'maxNorm', maxNorm, is.number)
  if (!isTensor(total)) throw new InvalidArgTypeError(`${what}: 'totalNorm' must be a tensor, got ${describe(total)}`)
  const each = checkForeach(what, foreach)
  const parameters = listTensors(what, 'parameters', merged.parameters)
  noGrad(() => tidy(() => scale(gradientsOf(parameters), maxNorm as number, total, each)))
}

/**
 * Scales the gradients of all parameters together, in place, so that their norm as one vector is at most `maxNorm`. Gives
 * the norm that they had, a tensor `[]`; it is not read, so a GPU goes on working.
 *
 * Errors: `ERR_INVALID_ARG_TYPE`, `ERR_UNKNOWN_OPTION`; `ERR_INVALID_ARG_VALUE` with `errorIfNonfinite`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.clip_grad_norm_.html
 * @example
 * loss.backward()
 * nn.utils.clipGradNorm_(model.parameters(), 1)
 * optimizer.step()
 */
export function clipGradNorm_(
  parameters: Tensors,
  maxNorm: number | ({ maxNorm: number } & NormOptions),
  normType?: number | NormOptions,
  errorIfNonfinite?: boolean | Omit<NormOptions, 'normType'>,
  foreach?: boolean | null | Pick<NormOptions, 'foreach'>,
): Tensor<[]>
export function clipGradNorm_(...args: unknown[]): Tensor {
  const names = ['parameters', 'maxNorm', 'normType', 'errorIfNonfinite', 'foreach']
  const merged = mergeArguments('clipGradNorm_', names, args, 2)
  const { maxNorm, normType = 2, errorIfNonfinite = false, foreach = null } = merged
  check('clipGradNorm_', 'maxNorm', maxNorm, is.number)
  check('clipGradNorm_', 'normType', normType, is.number)
  check('clipGradNorm_', 'errorIfNonfinite', errorIfNonfinite, is.boolean)
  const each = checkForeach('clipGradNorm_', foreach)
  const parameters = listTensors('clipGradNorm_', 'parameters', merged.parameters)
  return noGrad(() =>
    tidy(() => {
      const gradients = gradientsOf(parameters)
      const total = totalNorm(gradients, normType as number, errorIfNonfinite as boolean, each)
      scale(gradients, maxNorm as number, total, each)
      return total
    }),
  )
}

/**
 * Clamps every element of the gradients to ±`clipValue`, in place.
 *
 * Errors: `ERR_INVALID_ARG_TYPE`, `ERR_UNKNOWN_OPTION`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.clip_grad_value_.html
 */
export function clipGradValue_(
  parameters: Tensors,
  clipValue: number | ({ clipValue: number } & Pick<NormOptions, 'foreach'>),
  foreach?: boolean | null | Pick<NormOptions, 'foreach'>,
): void
export function clipGradValue_(...args: unknown[]): void {
  const merged = mergeArguments('clipGradValue_', ['parameters', 'clipValue', 'foreach'], args, 2)
  const { clipValue, foreach = null } = merged
  check('clipGradValue_', 'clipValue', clipValue, is.number)
  const each = checkForeach('clipGradValue_', foreach)
  const limit = clipValue as number
  const parameters = listTensors('clipGradValue_', 'parameters', merged.parameters)
  noGrad(() =>
    tidy(() =>
      perGroup(
        gradientsOf(parameters),
        each,
        group => {
          callOperator('aten::_foreach_clamp_min_', 'Scalar', [group, -limit])
          callOperator('aten::_foreach_clamp_max_', 'Scalar', [group, limit])
        },
        tensor => callOperator('aten::clamp_', '', [tensor, -limit, limit]),
      ),
    ),
  )
}
