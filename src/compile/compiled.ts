import { isAutocastEnabled, isGradEnabled, isInferenceModeEnabled, noGrad } from '../autograd'
import { SIGNAL, turn } from '../core/abort'
import { describe, InvalidArgTypeError } from '../core/errors'
import { blank, finish, slotOf } from '../core/handle'
import { Job } from '../core/job'
import { check, isOptions, unknownOption } from '../core/options'
import { tidy } from '../memory'
import { isModule, Module, type StateDict } from '../nn'
import { isTensor, type Tensor } from '../tensor/tensor'
import { needAgreement } from './agreement'
import { graph } from './binding'
import { refuseSlower } from './cost'
import { GraphedForward } from './cuda-forward'
import { Guard } from './guard'
import { planOf } from './obstacles'
import type { Mode } from './operators'
import { type Callable, NotFused, recordForward, whyNot } from './recording'

/** One signature's recording: a plan, or the reason why there is none. */
export interface Entry {
  /** The input's shape and dtype, the mode and the grad mode. */
  signature: string
  count: number
  guard: Guard | undefined
  /** The native plan; -1 where the forward runs as it is. */
  id: number
  reason: string | undefined
  /** Further lines to the reason. */
  more: readonly string[]
  /** On a GPU. */
  graphed?: GraphedForward
}

/** How many signatures are kept; the one that was used longest ago goes first. */
export const MAX_RECORDINGS = 16

/** A compiled module's own part, for `explain`. */
export let entriesOf: (compiled: CompiledModule<Module>) => readonly Entry[]

type Input<M extends Module> = Parameters<M['forward']>
type Output<M extends Module> = ReturnType<M['forward']>

/** What `compile` gives: a module that computes what `module` computes. */
export class CompiledModule<M extends Module = Module> extends Module {
  /** The module that was compiled; its parameters are this one's too. */
  readonly module: M
  readonly #entries = new Map<string, Entry>()
  #last: Entry | undefined

  /** @internal */
  static {
    entriesOf = compiled => [...compiled.#entries.values()]
  }

  constructor(module: M) {
    super()
    this.module = module
    super.train(module.training)
  }

  /** What the module's own `forward` gives, within the tolerance that `compile` states. */
  forward(...args: Input<M>): Output<M> {
    const [x] = args as unknown[]
    const last = this.#last
    if (last !== undefined && args.length === 1 && last.guard!.holds()) {
      const result = blank() as Tensor
      const slot = graph.graphPredict(last.id, slotOf(x as Tensor), result, last.count)
      if (slot !== -1) return finish(result, slot) as Output<M>
    }
    return this.#look(args) as Output<M>
  }

  #look(args: unknown[]): unknown {
    const { module } = this
    const [x] = args
    const eager = () => (module.forward as (...args: unknown[]) => unknown)(...args)
    // mixed precision is another network than the one that was recorded
    if (args.length !== 1 || !isTensor(x) || isAutocastEnabled('cpu') || isAutocastEnabled('cuda')) return eager()
    const entry = this.#entry(x)
    if (entry.graphed !== undefined) return entry.graphed.run(x)
    if (entry.id === -1) return eager()
    const result = blank() as Tensor
    const slot = graph.graphPredict(entry.id, slotOf(x), result, entry.count)
    if (slot === -1) return eager()
    this.#last = entry
    return finish(result, slot)
  }

  #prepares(x: unknown): boolean {
    return isTensor(x) && x.device.startsWith('cuda') && this.#entry(x).graphed?.preparing === true
  }

  #entry(x: Tensor): Entry {
    const signature = signatureOf(this.module, x)
    let entry = this.#entries.get(signature)
    if (entry === undefined || entry.guard?.holds() === false) entry = makeEntry(this.module as Callable, x, signature)
    this.#entries.delete(signature)
    this.#entries.set(signature, entry)
    if (this.#entries.size > MAX_RECORDINGS) {
      const [oldest] = this.#entries.keys()
      this.#entries.get(oldest!)!.graphed?.close()
      this.#entries.delete(oldest!)
    }
    return entry
  }

  /**
   * A prediction off this thread, which stays free: as `forward` under `noGrad`, on the tensors as they are when its turn
   * comes. Rejects with an `AbortError` where `signal` was aborted before it began.
   */
  async run(x: Input<M>[0], options: { signal?: AbortSignal } = {}): Promise<Output<M>> {
    if (!isOptions(options)) throw new InvalidArgTypeError(`run: expected options, got ${describe(options)}`)
    for (const key of Object.keys(options)) if (key !== 'signal') throw unknownOption('run', key, ['signal'])
    check('run', 'signal', options.signal, SIGNAL)
    await turn(options.signal)
    const job = new Job()
    const predict = () => noGrad(() => this.forward(...([x] as unknown as Input<M>)))
    // a CUDA graph is captured by this thread; the GPU itself works beside it anyway
    if (noGrad(() => this.#prepares(x))) return predict()
    const out = job.run(predict)
    await job.settled()
    return out
  }

  override stateDict(...args: Parameters<Module['stateDict']>): StateDict {
    return this.module.stateDict(...args)
  }

  override loadStateDict(...args: Parameters<Module['loadStateDict']>): ReturnType<Module['loadStateDict']> {
    return this.module.loadStateDict(...args)
  }
}

function signatureOf(module: Module, x: Tensor): string {
  const mode = module.training ? 'train' : 'eval'
  const device = x.device === 'cpu' ? '' : ` on ${x.device}${isInferenceModeEnabled() ? ' inference' : ''}`
  return `[${x.shape.join(', ')}] ${x.dtype} ${mode}${isGradEnabled() ? ' grad' : ''}${device}`
}

function makeEntry(module: Callable, x: Tensor, signature: string): Entry {
  const none = { signature, count: x.ndim === 0 ? 0 : x.size(0), guard: undefined, id: -1, more: [] }
  try {
    if (x.device.startsWith('cuda')) return { ...none, reason: undefined, graphed: new GraphedForward(module, x) }
    if (x.device !== 'cpu') throw new NotFused(`no fused kernels for ${x.device}`)
    if (x.dtype !== 'float32') throw new NotFused(`no fused kernels for ${x.dtype}`)
    if (isGradEnabled() && (x.requiresGrad || module.parameters().some(p => p.requiresGrad))) {
      throw new NotFused('gradients are recorded: use noGrad, or train with { compile: true }')
    }
    const entry: Entry = { ...none, reason: undefined }
    const { id, guard } = networkOf(module, x, 'predict', entry)
    if (guard.training) throw new NotFused('a layer is in train mode: train with { compile: true } fuses that')
    Object.assign(entry, { id, guard })
    compareWithEager(module, x, entry)
    return entry
  } catch (error) {
    return { ...none, ...whyNot(error) }
  }
}

/** The plan of a model's forward, which lives as long as `owner`, and what has to hold for it. `NotFused` where there is none. */
export function networkOf(
  module: Callable,
  x: Tensor,
  mode: Mode,
  owner: object,
): { id: number; random: boolean; guard: Guard } {
  const chain = recordForward(module, x)
  refuseSlower(chain, x.ndim === 0 ? 1 : x.size(0), mode)
  const names = new Map(module.namedModules().map(([name, child]) => [child, name]))
  return { ...planOf(chain, names, { shape: x.shape, gpu: null }, mode, owner), guard: new Guard(module, chain) }
}

/** A recording is believed only once it gave what eager gives. */
function compareWithEager(module: Callable, x: Tensor, entry: Entry): void {
  tidy(() => {
    const result = blank() as Tensor
    const slot = graph.graphPredict(entry.id, slotOf(x), result, entry.count)
    if (slot === -1) throw new NotFused('the plan does not take this input')
    finish(result, slot)
    const expected = module.forward(x) as Tensor
    needAgreement(expected, result)
  })
}

/**
 * A module that computes what `model` computes, from recordings: at the first call of each signature (the input's
 * shape and dtype, train or eval mode, grad mode) `forward` runs once against shapes alone, what it asked for becomes a
 * plan of fused blocks, and its output is compared with eager's before it is believed. Later calls run the plan.
 *
 * What `compile` freezes: `forward` is not run again for a signature, so whatever it does besides asking for operators and
 * layers (counting, branching on its own fields) happens once. What it does not freeze: the values of parameters and
 * buffers; and it notices tensors and modules that were replaced, hooks that were added, modes that were switched.
 *
 * Fused on the CPU in float32, outside autograd: chains of `Conv2d` without groups; `BatchNorm2d` behind it and
 * `BatchNorm1d` behind `Linear`, in eval mode; `ReLU`, tanh, sigmoid in the same pass, and `LeakyReLU`, `ReLU6`, `Hardtanh`,
 * `ELU`, `SELU`, `CELU`, `Softplus`, `GELU`, `SiLU`, `Hardswish`, `Hardsigmoid`, `Mish` in one of their own; max, average and
 * adaptive pools (where all windows are of one size), means over rows and columns; flattening; `Linear`; dropouts in eval
 * mode; layers or the same operators with the model's own parameters. Everything else runs eagerly, and
 * `explain(compiled)` says why. Outputs are within 1e-4 of eager's (of the largest output, where that is above 1). At most
 * 16 signatures are kept.
 *
 * On a GPU, `forward` under `noGrad` is a CUDA graph (`cuda.CUDAGraph`) for each signature, whatever the network: the first
 * three calls run as they are, the fourth captures, later ones copy their input and replay; each output is a tensor of its
 * own. The kernels are eager's own; where the addon was built with a CUDA toolkit they are fused ones for chains of float32
 * such as the above, if those agree within the same tolerance and were measured to be faster. A forward that reads a value,
 * works on the CPU, has hooks or gives something else than one tensor runs eagerly, and `explain(compiled)` says why.
 *
 * The CPU's kernels are those for the widest vectors that the processor has; the environment variable `LIBTORCH_NODE_KERNELS`, read
 * once, names others: `avx512`, `avx2` or `baseline`.
 *
 * Errors: `ERR_INVALID_ARG_TYPE` for what is no module; `ERR_INVALID_ARG_VALUE` where `LIBTORCH_NODE_KERNELS` names what the
 * processor has not got.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.compile.html
 * @example
 * const fast = torch.compile(model.eval())
 * const logits = torch.noGrad(() => fast.forward(x))
 */
export function compile<M extends Module>(model: M): CompiledModule<M> {
  if (!isModule(model)) throw new InvalidArgTypeError(`compile: expected a Module, got ${describe(model)}`)
  graph.graphKernels()
  return model instanceof CompiledModule ? (model as unknown as CompiledModule<M>) : new CompiledModule(model)
}
