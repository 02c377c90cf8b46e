import { setField } from '../module-tree'
import type { SameRule } from '../rules'
import { LayerOptions } from './layer-options'
import { OperatorSameLayer } from './operator-layer'
import { pythonWord } from './python-words'

/** The options of layers that can overwrite their input. */
export interface InplaceOptions {
  /** Overwrites the input instead of making a new tensor; default false. */
  inplace?: boolean
}
/** Python's last argument of many activations: positional, or an option. */
export type Inplace = boolean | InplaceOptions

/**
 * An activation element by element: numbers and switches as fields, no parameters. A class names its arguments in
 * Python's order with their defaults, and prints those that Python prints.
 */
export abstract class Activation extends OperatorSameLayer<SameRule> {
  protected readonly _defaults = new Set<string>()

  constructor(
    what: string,
    args: readonly unknown[],
    defaults: Readonly<Record<string, number | boolean>>,
    required = 0,
  ) {
    super()
    const options = new LayerOptions(what, Object.keys(defaults), args, required)
    for (const [name, value] of Object.entries(defaults)) {
      if (!options.has(name)) this._defaults.add(name)
      setField(this, name, typeof value === 'boolean' ? options.flag(name, value) : options.number(name, value))
    }
  }

  /** A float as Python prints it: defaults are written as floats there, what is given in its own form. */
  protected floatWord(name: string): string {
    const word = pythonWord(this[name as keyof this])
    return this._defaults.has(name) && /^-?\d+$/.test(word) ? `${word}.0` : word
  }

  /** `alpha=1.0, inplace=True`. */
  protected floats(names: Readonly<Record<string, string>>): string {
    const { inplace } = this as { inplace?: boolean }
    const words = Object.entries(names).map(([name, python]) => `${python}=${this.floatWord(name)}`)
    return [...words, ...(inplace ? ['inplace=True'] : [])].join(', ')
  }
}
