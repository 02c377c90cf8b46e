import { describe, InvalidArgTypeError, InvalidArgValueError } from '../core/errors'
import type { Generator } from '../core/generator'
import { check, mergeArguments } from '../core/options'
import { randperm } from '../tensor'
import { isMapDataset, Subset } from './dataset'
import { GENERATOR } from './sampler'
import type { MapDataset } from './types'

/** A `Subset` for each length. */
export type RandomSplit<Item, L extends readonly number[]> = { -readonly [K in keyof L]: Subset<Item> }

/**
 * Splits a data set at random into parts of the given lengths, or of the given fractions where these sum up to 1, as
 * `torch.utils.data.random_split`: its very permutation, drawn from `generator` or the default one.
 *
 * Throws `ERR_INVALID_ARG_TYPE`, and `ERR_INVALID_ARG_VALUE` where the lengths do not sum up to the data set's.
 *
 * @see https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.random_split
 * @example
 * const [train, validation] = data.randomSplit(dataset, [0.9, 0.1], { generator: new torch.Generator().manualSeed(42) })
 */
export function randomSplit<Item, const L extends readonly number[]>(
  dataset: MapDataset<Item>,
  lengths: L,
  ...args: [({ generator?: Generator | null } | Generator | null)?]
): RandomSplit<Item, L> {
  const { generator = null } = mergeArguments(
    'randomSplit',
    ['dataset', 'lengths', 'generator'],
    [dataset, lengths, ...args],
  )
  if (!isMapDataset(dataset)) {
    throw new InvalidArgTypeError(`randomSplit takes a data set with a length and a get, got ${describe(dataset)}`)
  }
  const numbers = ['an array of numbers', (v: unknown) => Array.isArray(v) && v.every(Number.isFinite)] as const
  check('randomSplit', 'lengths', lengths, numbers)
  check('randomSplit', 'generator', generator, GENERATOR)
  const sizes = partsOf(dataset.length, lengths)
  if (sizes.some(size => !Number.isInteger(size) || size < 0) || sum(sizes) !== dataset.length) {
    throw new InvalidArgValueError(
      `Sum of input lengths does not equal the length of the input dataset! ([${sizes.join(', ')}] of ${dataset.length})`,
    )
  }
  using order = randperm(dataset.length, { generator: generator as Generator | null })
  const indices = order.tolist() as number[]
  let end = 0
  return sizes.map(size => {
    end += size
    return new Subset(dataset, indices.slice(end - size, end))
  }) as RandomSplit<Item, L>
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, n) => total + n, 0)

/** Lengths, or what fractions come to: rounded down, what is left one by one to the first. */
function partsOf(length: number, lengths: readonly number[]): readonly number[] {
  const total = sum(lengths)
  if (total > 1 || Math.abs(total - 1) > 1e-9) return lengths
  const odd = lengths.findIndex(fraction => fraction < 0 || fraction > 1)
  if (odd !== -1) throw new InvalidArgValueError(`Fraction at index ${odd} is not between 0 and 1`)
  const sizes = lengths.map(fraction => Math.floor(length * fraction))
  const rest = length - sum(sizes)
  for (let i = 0; i < rest; i++) sizes[i % sizes.length]!++
  return sizes
}
