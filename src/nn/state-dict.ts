import { describe, InvalidArgTypeError, StateDictError } from '../core/errors'
import { adopt, slotOf } from '../core/handle'
import { binding } from '../native/load'
import type { Tensor } from '../tensor/tensor'

/** A module's parameters and buffers by name, in Python's order. */
export type StateDict = Record<string, Tensor>

/** What `loadStateDict` found to differ; both lists are empty where all keys matched. */
export interface IncompatibleKeys {
  readonly missingKeys: readonly string[]
  readonly unexpectedKeys: readonly string[]
}

/** What the module that wrote a part of a state dict says about its form. */
export interface LocalMetadata {
  readonly version?: number
}

/*
 * Python's state dicts carry a `_metadata` attribute with the version of each module's form, which a copy by key and a
 * safetensors file lose. So do ours: a property that neither `Object.entries` nor a spread sees.
 */
const METADATA: unique symbol = Symbol('metadata of a state dict')

type WithMetadata = { [METADATA]?: Map<string, LocalMetadata> }

/** A fresh state dict with room for metadata. */
export function emptyStateDict(): StateDict {
  const dict: StateDict = {}
  Object.defineProperty(dict, METADATA, { value: new Map(), enumerable: false })
  return dict
}

/** What a state dict holds of a parameter or buffer: the same memory. Made without waiting for a training that uses it. */
export function detached(tensor: Tensor): Tensor {
  return adopt<Tensor>(binding.tensorDetach(slotOf(tensor)))
}

/** Notes down the version of the module at `path`. */
export function describeModule(dict: StateDict, path: string, metadata: LocalMetadata): void {
  ;(dict as WithMetadata)[METADATA]?.set(path, metadata)
}

/** One `loadStateDict` under way: what is to be loaded, and what turned out not to fit. */
export class Loading {
  readonly missing: string[] = []
  readonly unexpected: string[] = []
  readonly errors: string[] = []
  readonly entries: Map<string, unknown>
  readonly #metadata: Map<string, LocalMetadata> | undefined

  constructor(
    dict: unknown,
    readonly assign: boolean,
  ) {
    if (dict instanceof Map) this.entries = new Map(dict)
    else if (typeof dict === 'object' && dict !== null && !Array.isArray(dict)) {
      this.entries = new Map(Object.entries(dict))
      this.#metadata = (dict as WithMetadata)[METADATA]
    } else throw new InvalidArgTypeError(`Expected state_dict to be dict-like, got ${describe(dict)}.`)
  }

  metadata(path: string): LocalMetadata {
    return this.#metadata?.get(path) ?? {}
  }

  /** Python's verdict: throws `ERR_STATE_DICT` in Python's words, or gives the keys that differed. */
  finish(moduleName: string, strict: boolean): IncompatibleKeys {
    const quoted = (keys: readonly string[]) => keys.map(key => `"${key}"`).join(', ')
    const errors = [...this.errors]
    if (strict && this.unexpected.length > 0) {
      errors.unshift(`Unexpected key(s) in state_dict: ${quoted(this.unexpected)}. `)
    }
    if (strict && this.missing.length > 0) errors.unshift(`Missing key(s) in state_dict: ${quoted(this.missing)}. `)
    if (errors.length > 0) {
      throw new StateDictError(`Error(s) in loading state_dict for ${moduleName}:\n\t${errors.join('\n\t')}`)
    }
    return { missingKeys: this.missing, unexpectedKeys: this.unexpected }
  }
}

/**
 * Version 2 of batch normalisation added the count of batches; older state dicts, and those without metadata, may lack
 * it. Takes the one that is there into `entries`.
 */
export function addMissingCount(
  loading: Loading,
  entries: Map<string, unknown>,
  prefix: string,
  count: Tensor | null | undefined,
): void {
  const key = `${prefix}num_batches_tracked`
  const { version = 1 } = loading.metadata(prefix.slice(0, -1))
  if (count && version < 2 && !entries.has(key)) entries.set(key, count)
}

/** `torch.Size([4, 1])` */
export function sizeText(tensor: Tensor): string {
  return `torch.Size([${(tensor.shape as readonly number[]).join(', ')}])`
}
