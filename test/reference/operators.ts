import * as torch from '../../src/index'
import { type FixtureOrigin, readFixture, type TensorFixture, tensorOf } from './tensors'

/** One call of an operator, as `ops.py` writes it down. */
export interface OperatorCase {
  operator: string
  overload: string
  args: unknown[]
  options: Record<string, unknown>
  seed?: number
  result: unknown
  /** The values are nobody's (`empty`). */
  shapeOnly?: boolean
  /** The positional arguments after the call, of an operator that writes to some. */
  after?: unknown[]
}

/** A value that JSON has no form for. */
export type Coded = Record<string, unknown>

/** The value that the fixture means. */
export function decode(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(decode)
  if (typeof value !== 'object' || value === null) return value
  const coded = value as Coded
  if (coded.tensor) return tensorOf(coded.tensor as TensorFixture)
  if (coded.bigint) return BigInt(coded.bigint as string)
  if (coded.number) return Number(coded.number)
  if (coded.complex) return { re: (coded.complex as number[])[0], im: (coded.complex as number[])[1] }
  if (coded.generator !== undefined) return new torch.Generator().manualSeed(coded.generator as number)
  throw new Error(`the fixture says ${JSON.stringify(value)}`)
}

/** The calls of the fixture. */
export function operatorCases(): { cases: OperatorCase[] } & FixtureOrigin {
  return readFixture<{ cases: OperatorCase[] }>('ops')
}

/** A call with its arguments made anew; `change` may put others in place of its tensors. */
export function callOf(
  { operator, overload, args, options }: Pick<OperatorCase, 'operator' | 'overload' | 'args' | 'options'>,
  change: (tensor: torch.Tensor) => torch.Tensor = tensor => tensor,
): { values: unknown[]; named: Coded; call: () => unknown } {
  const changed = (value: unknown): unknown =>
    Array.isArray(value) ? value.map(changed) : torch.isTensor(value) ? change(value) : value
  const values = changed(decode(args)) as unknown[]
  const named = Object.fromEntries(Object.entries(options).map(([key, value]) => [key, changed(decode(value))]))
  const run = torch.ops.aten[operator]![overload]!
  return { values, named, call: () => (Object.keys(named).length > 0 ? run(...values, named) : run(...values)) }
}
