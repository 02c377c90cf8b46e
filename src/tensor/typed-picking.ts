import type { DType } from '../core/dtype'
import type { Scalar } from '../core/dtype-types'
import { describe, InvalidArgTypeError } from '../core/errors'
import { check, is, mergeArguments } from '../core/options'
import { callOperator } from '../ops/registry'
import { callPublic } from '../ops/resolve'
import { isTensor, Tensor } from './tensor'

/** The options of `unique`; `uniqueConsecutive` has no `sorted`. */
export interface UniqueOptions<I extends boolean = boolean, C extends boolean = boolean> {
  sorted?: boolean
  returnInverse?: I
  returnCounts?: C
  dim?: number | null
}

/** What is asked for: the tensor alone, or a tuple of it, the inverse and the counts. */
export type Unique<D extends Tensor, I extends boolean, C extends boolean> = [I, C] extends [false, false]
  ? D
  : [I, C] extends [true, true]
    ? [output: D, inverse: Tensor<any, 'int64'>, counts: Tensor<any, 'int64'>]
    : [I, C] extends [true, false]
      ? [output: D, inverse: Tensor<any, 'int64'>]
      : [I, C] extends [false, true]
        ? [output: D, counts: Tensor<any, 'int64'>]
        : any

function asked(what: string, names: readonly string[], args: readonly unknown[]) {
  const [input] = args
  if (!isTensor(input)) throw new InvalidArgTypeError(`${what}: expected a tensor as 'input', got ${describe(input)}`)
  const given = mergeArguments(what, names, args.slice(1))
  const { sorted = true, returnInverse = false, returnCounts = false, dim = null } = given
  for (const [name, value] of Object.entries({ sorted, returnInverse, returnCounts })) {
    check(what, name, value, is.boolean)
  }
  if (dim !== null) check(what, 'dim', dim, is.integer)
  return { input, sorted, returnInverse, returnCounts, dim }
}

/** Only what was asked for; the rest is freed. */
function picked(results: unknown, returnInverse: unknown, returnCounts: unknown): any {
  const [output, inverse, counts] = results as [Tensor, Tensor, Tensor]
  const out = [output]
  if (returnInverse) out.push(inverse)
  else inverse.dispose()
  if (returnCounts) out.push(counts)
  else counts.dispose()
  return out.length === 1 ? output : out
}

/**
 * The different elements of a tensor, sorted, or its different slices along `dim`. With `returnInverse` also where each
 * element of the input is in them, with `returnCounts` how often each occurs: a tuple then.
 *
 * @example
 * unique(torch.tensor([2, 1, 2]))                            // tensor([1., 2.])
 * const [values, counts] = unique(x, { returnCounts: true })
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.unique.html
 */
export function unique<D extends Tensor, const I extends boolean = false, const C extends boolean = false>(
  input: D,
  options?: UniqueOptions<I, C>,
): Unique<Tensor<any, D['dtype']>, I, C>
export function unique<D extends Tensor, const I extends boolean = false, const C extends boolean = false>(
  input: D,
  sorted: boolean,
  returnInverse?: I,
  returnCounts?: C,
  dim?: number | null,
): Unique<Tensor<any, D['dtype']>, I, C>
export function unique(...args: unknown[]): any {
  const { input, sorted, returnInverse, returnCounts, dim } = asked(
    'unique',
    ['sorted', 'returnInverse', 'returnCounts', 'dim'],
    args,
  )
  const results =
    dim === null
      ? callOperator('aten::_unique2', '', [input, sorted, returnInverse, returnCounts])
      : callOperator('aten::unique_dim', '', [input, dim, sorted, returnInverse, returnCounts])
  return picked(results, returnInverse, returnCounts)
}

/**
 * As `unique`, but only of neighbours: each run of equal elements becomes one.
 *
 * @example
 * uniqueConsecutive(torch.tensor([1, 1, 2, 1]))              // tensor([1., 2., 1.])
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.unique_consecutive.html
 */
export function uniqueConsecutive<D extends Tensor, const I extends boolean = false, const C extends boolean = false>(
  input: D,
  options?: Omit<UniqueOptions<I, C>, 'sorted'>,
): Unique<Tensor<any, D['dtype']>, I, C>
export function uniqueConsecutive<D extends Tensor, const I extends boolean = false, const C extends boolean = false>(
  input: D,
  returnInverse: I,
  returnCounts?: C,
  dim?: number | null,
): Unique<Tensor<any, D['dtype']>, I, C>
export function uniqueConsecutive(...args: unknown[]): any {
  const names = ['returnInverse', 'returnCounts', 'dim']
  const { input, returnInverse, returnCounts, dim } = asked('uniqueConsecutive', names, args)
  const results = callOperator('aten::unique_consecutive', '', [input, returnInverse, returnCounts, dim])
  return picked(results, returnInverse, returnCounts)
}

/** The methods of `Tensor` that pick elements. */
export interface TypedPicking<D extends DType> {
  /** This tensor where the condition is true, `other` elsewhere; all three are broadcast. `torch.Tensor.where` */
  where(condition: Tensor<any, 'bool'>, other: Tensor | Scalar): Tensor
  /** The different elements. `torch.unique` */
  unique<const I extends boolean = false, const C extends boolean = false>(
    options?: UniqueOptions<I, C>,
  ): Unique<Tensor<any, D>, I, C>
  unique<const I extends boolean = false, const C extends boolean = false>(
    sorted: boolean,
    returnInverse?: I,
    returnCounts?: C,
    dim?: number | null,
  ): Unique<Tensor<any, D>, I, C>
  /** The different elements among neighbours. `torch.unique_consecutive` */
  uniqueConsecutive<const I extends boolean = false, const C extends boolean = false>(
    options?: Omit<UniqueOptions<I, C>, 'sorted'>,
  ): Unique<Tensor<any, D>, I, C>
  uniqueConsecutive<const I extends boolean = false, const C extends boolean = false>(
    returnInverse: I,
    returnCounts?: C,
    dim?: number | null,
  ): Unique<Tensor<any, D>, I, C>
}

const methods: Record<keyof TypedPicking<DType>, (this: Tensor, ...args: never[]) => unknown> = {
  where(...[condition, ...rest]: unknown[]) {
    return callPublic('aten::where', [condition, this, ...rest])
  },
  unique(...args) {
    return unique(this, ...args)
  },
  uniqueConsecutive(...args) {
    return uniqueConsecutive(this, ...args)
  },
}

for (const [name, value] of Object.entries(methods)) {
  Object.defineProperty(Tensor.prototype, name, { value, writable: true, configurable: true })
}
