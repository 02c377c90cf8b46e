/**
 * Hooks of modules. They replace `forward` on the object itself: a module without hooks pays nothing for them.
 *
 * For gradients the tensors that go in, and those that come out, are led through one place each of the autograd graph,
 * which tells of all their gradients at once (Python's `BackwardHook`).
 */
import { isGradEnabled } from '../autograd'
import { describe, InvalidArgTypeError, InvalidArgValueError } from '../core/errors'
import { adopt, slotOf } from '../core/handle'
import { RemovableHandle } from '../core/removable'
import { binding } from '../native/load'
import { isTensor, type Tensor } from '../tensor/tensor'

/** Gradients by position; null for what is no tensor or needs none. */
export type Gradients = readonly (Tensor | null)[]

type Forward = (...args: unknown[]) => unknown
type Hook = (...args: unknown[]) => unknown
type Kind = 'forward' | 'forwardPre' | 'backward' | 'backwardPre'

interface Hooked {
  /** What `forward` was on the object itself; undefined where its class has it. */
  readonly own: PropertyDescriptor | undefined
  readonly hooks: Record<Kind, Hook[]>
  /** Forward hooks that are called even where the forward throws. */
  readonly always: Set<Hook>
}

const hooked = new WeakMap<object, Hooked>()

/** Adds a hook; `prepend` puts it before all others, `always` calls a forward hook even where the forward throws. */
export function addHook(
  module: object,
  kind: Kind,
  hook: unknown,
  { prepend = false, always = false } = {},
): RemovableHandle {
  if (typeof hook !== 'function') throw new InvalidArgTypeError(`a hook must be a function, got ${describe(hook)}`)
  const state = hooked.get(module) ?? install(module)
  const list = state.hooks[kind]
  // one function may be registered twice, and each handle removes its own
  const entry: Hook = (...args) => (hook as Hook)(...args)
  if (always) state.always.add(entry)
  if (prepend) list.unshift(entry)
  else list.push(entry)
  return new RemovableHandle(() => {
    list.splice(list.indexOf(entry), 1)
    state.always.delete(entry)
    if (Object.values(state.hooks).every(hooks => hooks.length === 0)) uninstall(module, state)
  })
}

/** Whether forward hooks, before or behind, are on a module. */
export function hasForwardHooks(module: object): boolean {
  const hooks = hooked.get(module)?.hooks
  return hooks !== undefined && hooks.forward.length + hooks.forwardPre.length > 0
}

function install(module: object): Hooked {
  const state: Hooked = {
    own: Object.getOwnPropertyDescriptor(module, 'forward'),
    hooks: { forward: [], forwardPre: [], backward: [], backwardPre: [] },
    always: new Set(),
  }
  hooked.set(module, state)
  const forward = (): Forward => (state.own?.value ?? Object.getPrototypeOf(module).forward) as Forward
  Object.defineProperty(module, 'forward', {
    value: (...args: unknown[]) => run(module, state, forward(), args),
    enumerable: false,
    configurable: true,
    writable: true,
  })
  return state
}

/** A module's own property as it is without hooks, which put a `forward` on the object itself. */
export function withoutHooks(
  module: object,
  key: PropertyKey,
  descriptor: PropertyDescriptor,
): PropertyDescriptor | undefined {
  const state = key === 'forward' ? hooked.get(module) : undefined
  return state === undefined ? descriptor : state.own
}

/** Gives a copy of a module its hooks: each may be removed from the one without the other. */
export function copyHooks(from: object, to: object): void {
  const state = hooked.get(from)
  if (state === undefined) return
  const copy = install(to)
  for (const [kind, hooks] of Object.entries(state.hooks)) copy.hooks[kind as Kind].push(...hooks)
  for (const hook of state.always) copy.always.add(hook)
}

function uninstall(module: object, { own }: Hooked): void {
  hooked.delete(module)
  delete (module as { forward?: unknown }).forward
  if (own !== undefined) Object.defineProperty(module, 'forward', own)
}

function run(module: object, { hooks, always }: Hooked, forward: Forward, given: unknown[]): unknown {
  let args = given
  const called = new Set<Hook>()
  try {
    for (const hook of [...hooks.forwardPre]) {
      const changed = hook(module, args)
      if (changed !== undefined) args = Array.isArray(changed) ? changed : [changed]
    }
    const watched = hooks.backward.length + hooks.backwardPre.length > 0
    const backward = watched ? new BackwardHooks(module, [...hooks.backward], [...hooks.backwardPre]) : undefined
    if (backward !== undefined) args = backward.inputs(args)
    let output = forward.apply(module, args)
    for (const hook of [...hooks.forward]) {
      called.add(hook)
      const changed = hook(module, args, output)
      if (changed !== undefined) output = changed
    }
    return backward === undefined ? output : backward.outputs(output)
  } catch (error) {
    // a forward hook that is to run always sees no output, and its own error does not hide the first one
    for (const hook of [...hooks.forward]) {
      if (!always.has(hook) || called.has(hook)) continue
      try {
        hook(module, args, undefined)
      } catch (second) {
        process.emitWarning(`a forward hook with alwaysCall threw, and the forward before it: ${String(second)}`)
      }
    }
    throw error
  }
}

/** The gradients of one call of a module. */
class BackwardHooks {
  #inputCount = 0
  #watchesInputs = false
  #outputGradients: Gradients | undefined

  constructor(
    private readonly module: object,
    private readonly hooks: readonly Hook[],
    private readonly preHooks: readonly Hook[],
  ) {}

  inputs(args: unknown[]): unknown[] {
    this.#inputCount = args.length
    return through(
      args,
      gradients => {
        const seen = this.#outputGradients ?? []
        this.#outputGradients = undefined
        return chain(this.hooks, gradients, current => [this.module, current, seen])
      },
      () => {
        this.#watchesInputs = true
      },
    )
  }

  outputs(output: unknown): unknown {
    const list = Array.isArray(output) ? output : [output]
    const watched = through(list, gradients => {
      const changed = chain(this.preHooks, gradients, current => [this.module, current])
      this.#outputGradients = changed
      if (!this.#watchesInputs) this.#withoutInputs(changed)
      return changed
    })
    return Array.isArray(output) ? watched : watched[0]
  }

  // No input needs a gradient: the hooks are told of the outputs' gradients alone.
  #withoutInputs(gradients: Gradients): void {
    for (const hook of this.hooks) {
      const result = hook(this.module, new Array(this.#inputCount).fill(null), gradients)
      if (result === undefined || result === null) continue
      if (Array.isArray(result) && result.every(gradient => gradient === null)) continue
      throw new InvalidArgValueError(
        'Backward hook for Modules where no input requires gradient should always return undefined or null for all gradients.',
      )
    }
  }
}

/** Leads the tensors of a list that need gradients through one place, where `onGradients` sees and may change these. */
function through(list: unknown[], onGradients: (gradients: Gradients) => Gradients, onUse?: () => void): unknown[] {
  const places = list.flatMap((value, i) => (isTensor(value) && value.requiresGrad ? [i] : []))
  if (places.length === 0 || !isGradEnabled()) return list
  onUse?.()
  const slots = binding.gradientCheckpoint(
    places.map(i => slotOf(list[i] as Tensor)),
    given => {
      const all: (Tensor | null)[] = new Array(list.length).fill(null)
      places.forEach((i, k) => {
        all[i] = given[k] === null ? null : adopt<Tensor>(given[k]!)
      })
      const changed = onGradients(all)
      if (changed === all) return undefined
      return places.map(i => (changed[i] ? slotOf(changed[i]) : null))
    },
  )
  const out = [...list]
  places.forEach((i, k) => {
    out[i] = adopt<Tensor>(slots[k]!)
  })
  return out
}

/** The gradients after each hook in turn; one that gives nothing leaves them. */
function chain(hooks: readonly Hook[], first: Gradients, args: (current: Gradients) => unknown[]): Gradients {
  let current = first
  for (const hook of hooks) {
    const result = hook(...args(current))
    if (result === undefined || result === null) continue
    const list: unknown[] = Array.isArray(result) ? result : [result]
    const wrong = list.find(gradient => gradient !== null && !isTensor(gradient))
    if (wrong !== undefined) {
      throw new InvalidArgTypeError(`a backward hook must give tensors or nulls, got ${describe(wrong)}`)
    }
    if (list.length !== current.length) {
      throw new InvalidArgValueError(
        `Backward hook returned an invalid number of grad_input, got ${list.length}, but expected ${current.length}`,
      )
    }
    current = list as Gradients
  }
  return current
}
