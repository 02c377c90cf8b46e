import { enableGrad, noGrad } from '../autograd'
import { describe, InvalidArgTypeError, InvalidArgValueError, StateDictError } from '../core/errors'
import { mergeArguments } from '../core/options'
import { callOperator } from '../ops/registry'
import { isTensor, type Tensor } from '../tensor/tensor'
import { cast, Optimizer, type Params } from './optimizer'
import { div, float, less, lessOrEqual, min, mul, type Scalar } from './scalars'
import { strongWolfe } from './strong-wolfe'

/** The options of `LBFGS`. */
export interface LBFGSOptions {
  /** Step size, at least 0 (default 1). */
  lr?: number
  /** The most iterations of a step (default 20). */
  maxIter?: number
  /** The most evaluations of the closure in a step (default `maxIter * 1.25`, rounded down). */
  maxEval?: number
  /** A step ends where no element of the gradient is larger (default 1e-7). */
  toleranceGrad?: number
  /** A step ends where the loss or the parameters change by less (default 1e-9). */
  toleranceChange?: number
  /** How many past directions are kept (default 100). */
  historySize?: number
  /** `'strong_wolfe'` searches each direction for a good length; null takes `lr` (default null). */
  lineSearchFn?: 'strong_wolfe' | null
}

/** What `LBFGS` keeps, under Python's names; it stands with the first parameter and belongs to all. */
export interface LBFGSState {
  func_evals: number
  n_iter: number
  al?: (Scalar | null)[]
  d?: Tensor
  t?: Scalar
  old_dirs?: Tensor[]
  old_stps?: Tensor[]
  ro?: Scalar[]
  H_diag?: Scalar
  prev_flat_grad?: Tensor
  prev_loss?: number
}

const NAMES = ['params', 'lr', 'maxIter', 'maxEval', 'toleranceGrad', 'toleranceChange', 'historySize', 'lineSearchFn']

type Rest = readonly (LBFGSOptions | number | string | null | undefined)[]

/**
 * L-BFGS, as `torch.optim.LBFGS`, with Python's bits: a step takes up to `maxIter` quasi-Newton iterations, and calls
 * its closure, which clears the gradients, computes the loss and its gradients and gives the loss back, for each.
 *
 * There is one group, and its parameters are on one device. `step()` without a closure is `ERR_INVALID_ARG_TYPE`, so
 * `train` does not take this optimizer.
 *
 * @example
 * const optimizer = new optim.LBFGS(model.parameters(), { lineSearchFn: 'strong_wolfe' })
 * optimizer.step(() => {
 *   optimizer.zeroGrad()
 *   const loss = criterion.forward(model.forward(x), y)
 *   loss.backward()
 *   return loss
 * })
 * @see https://docs.pytorch.org/docs/stable/generated/torch.optim.LBFGS.html
 */
export class LBFGS extends Optimizer<LBFGSOptions, LBFGSState> {
  #state: LBFGSState | undefined

  constructor(params: Params<LBFGSOptions>, options?: LBFGSOptions)
  constructor(params: Params<LBFGSOptions>, lr: number, ...rest: Rest)
  constructor(...args: unknown[]) {
    const { params, ...options } = mergeArguments('LBFGS', NAMES, args, 1)
    const { maxIter = 20, maxEval } = options
    if (maxEval === undefined || maxEval === null) {
      options.maxEval = typeof maxIter === 'number' ? Math.floor((maxIter * 5) / 4) : maxIter
    }
    super('LBFGS', params, options)
    if (this.paramGroups.length !== 1) {
      throw new InvalidArgValueError("LBFGS doesn't support per-parameter options (parameter groups)")
    }
  }

  /** Calls `closure` and moves the parameters, again and again; gives what the first call gave. */
  override step(): never
  override step<T>(closure: () => T): T
  override step<T>(closure?: () => T): T {
    if (typeof closure !== 'function') {
      throw new InvalidArgTypeError(`LBFGS: step needs a closure that computes the loss, got ${describe(closure)}`)
    }
    this.noteStep()
    return noGrad(() => this.#step(closure))
  }

  #step<T>(closure: () => T): T {
    const group = this.paramGroups[0]!
    const { lr, maxIter, maxEval, toleranceGrad, toleranceChange, historySize, lineSearchFn } = group
    if (lineSearchFn !== null && lineSearchFn !== 'strong_wolfe') {
      throw new InvalidArgValueError("only 'strong_wolfe' is supported")
    }
    const evaluate = () => lossOf(enableGrad(closure))
    this.#state ??= { func_evals: 0, n_iter: 0 }
    const state = this.#state
    const first = enableGrad(closure)
    let loss = lossOf(first)
    let evaluations = 1
    state.func_evals++
    let grad = this.#gradient()
    const settled = () => lessOrEqual(grad.abs().max() as Tensor, toleranceGrad)
    if (settled()) return first

    let { d, t, prev_flat_grad: previousGrad, prev_loss: previousLoss } = state
    for (let iteration = 1; iteration <= maxIter; iteration++) {
      state.n_iter++
      d = state.n_iter === 1 ? this.#begin(state, grad) : direction(state, grad, previousGrad!, d!, t!, historySize)
      previousGrad = previousGrad === undefined ? (grad.clone() as Tensor) : (previousGrad.copy_(grad) as Tensor)
      previousLoss = loss

      t = state.n_iter === 1 ? mul(min(1, div(1, grad.abs().sum() as Tensor)), lr) : lr
      const slope = grad.dot(d) as Tensor
      if (less(-toleranceChange, slope)) break

      let more = 0
      let done = false
      if (lineSearchFn === 'strong_wolfe') {
        const params = group.params.map(param => param.clone() as Tensor)
        const along = d
        const at = (step: Scalar) => {
          this.#move(step, along)
          const result = { loss: evaluate(), grad: this.#gradient() }
          for (const [i, param] of group.params.entries()) param.copy_(params[i]!)
          return result
        }
        const found = strongWolfe(at, d, { t, loss, grad, slope }, maxEval - evaluations)
        ;({ loss, grad, t } = found)
        more = found.evaluations
        this.#move(t, d)
        done = settled()
      } else {
        this.#move(t, d)
        if (iteration !== maxIter) {
          loss = evaluate()
          grad = this.#gradient()
          done = settled()
          more = 1
        }
      }
      evaluations += more
      state.func_evals += more
      if (iteration === maxIter || evaluations >= maxEval || done) break
      if (lessOrEqual(d.mul(t).abs().max() as Tensor, toleranceChange)) break
      if (Math.abs(loss - previousLoss) < toleranceChange) break
    }
    Object.assign(state, { d, t, prev_flat_grad: previousGrad, prev_loss: previousLoss })
    return first
  }

  #begin(state: LBFGSState, grad: Tensor): Tensor {
    Object.assign(state, { old_dirs: [], old_stps: [], ro: [], H_diag: 1 })
    return grad.neg() as Tensor
  }

  /** All gradients in one row. */
  #gradient(): Tensor {
    const rows = this.paramGroups[0]!.params.map(param => {
      const grad = param.grad ?? (callOperator('aten::zeros_like', '', [param]) as Tensor)
      return asReal(grad.layout !== 'strided' ? (callOperator('aten::to_dense', '', [grad]) as Tensor) : grad).reshape([
        -1,
      ])
    })
    return callOperator('aten::cat', '', [rows, 0]) as Tensor
  }

  /** `params += t * update`. */
  #move(t: Scalar, update: Tensor): void {
    let offset = 0
    for (const param of this.paramGroups[0]!.params.map(asReal)) {
      const size = param.numel()
      const part = callOperator('aten::slice', 'Tensor', [update, 0, offset, offset + size, 1]) as Tensor
      param.add_(part.reshape(param.shape) as Tensor, { alpha: float(t) })
      offset += size
    }
  }

  protected override readState(param: Tensor): LBFGSState | undefined {
    return param === this.paramGroups[0]!.params[0] && this.#state !== undefined ? { ...this.#state } : undefined
  }

  protected override writeState(param: Tensor, state: LBFGSState): void {
    const { func_evals, n_iter } = state
    if (!Number.isSafeInteger(func_evals) || !Number.isSafeInteger(n_iter)) {
      throw new StateDictError('the state of LBFGS has integers func_evals and n_iter')
    }
    const entries = Object.entries(state).filter(([, value]) => value !== null && value !== undefined)
    this.#state = Object.fromEntries(entries.map(([name, value]) => [name, castAll(value, param)])) as never
  }

  protected override clearState(): void {
    this.#state = undefined
  }
}

/** The next direction: the gradient times the approximate inverse Hessian that the last steps amount to. */
function direction(
  state: LBFGSState,
  grad: Tensor,
  previousGrad: Tensor,
  d: Tensor,
  t: Scalar,
  historySize: number,
): Tensor {
  const { old_dirs: dirs = [], old_stps: steps = [], ro = [] } = state
  const y = grad.sub(previousGrad) as Tensor
  const s = d.mul(t) as Tensor
  const ys = y.dot(s) as Tensor
  if (less(1e-10, ys)) {
    if (dirs.length === historySize) for (const list of [dirs, steps, ro]) list.shift()
    dirs.push(y)
    steps.push(s)
    ro.push(div(1, ys))
    state.H_diag = div(ys, y.dot(y) as Tensor)
  }
  state.al ??= new Array(historySize).fill(null)
  const al = state.al
  const q = grad.neg() as Tensor
  for (let i = dirs.length - 1; i >= 0; i--) {
    const a = mul(steps[i]!.dot(q) as Tensor, ro[i]!)
    al[i] = a
    q.add_(dirs[i]!, { alpha: -float(a) })
  }
  const r = q.mul(state.H_diag!) as Tensor
  for (let i = 0; i < dirs.length; i++) {
    const b = mul(dirs[i]!.dot(r) as Tensor, ro[i]!) as Tensor
    r.add_(steps[i]!, { alpha: float((al[i] as Tensor).sub(b) as Tensor) })
  }
  return r
}

function asReal(tensor: Tensor): Tensor {
  return tensor.dtype.startsWith('complex') ? (callOperator('aten::view_as_real', '', [tensor]) as Tensor) : tensor
}

function lossOf(value: unknown): number {
  if (typeof value === 'number') return value
  if (isTensor(value)) return float(value)
  throw new InvalidArgTypeError(`LBFGS: the closure must give the loss, got ${describe(value)}`)
}

/** Python's policy: all floating state goes with the parameter. */
function castAll(value: unknown, param: Tensor): unknown {
  if (Array.isArray(value)) return value.map(entry => castAll(entry, param))
  if (!isTensor(value)) return value
  const floating = param.dtype.startsWith('float') || param.dtype === 'bfloat16'
  return cast(value, floating ? { dtype: param.dtype, device: param.device } : { device: param.device })
}
