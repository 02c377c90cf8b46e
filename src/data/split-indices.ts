import type { DType } from '../core/dtype'
import { describe, InvalidArgTypeError, InvalidArgValueError } from '../core/errors'
import { type Classes, classesOf } from './labels'
import { RandomState } from './mt19937'

/** What decides a split, besides the number of samples. */
export interface SplitPlan {
  testSize?: number
  trainSize?: number
  randomState?: number
  shuffle?: boolean
  /** The labels, and their element type where they come from a tensor. */
  stratify?: { labels: readonly unknown[]; dtype?: DType }
}

/** The rows of the two parts. */
export interface SplitIndices {
  train: Uint32Array
  test: Uint32Array
}

/**
 * The rows that scikit-learn's `train_test_split` (1.x) would pick for the same arguments, in its order, with its errors
 * (`ERR_INVALID_ARG_VALUE`, or `ERR_INVALID_ARG_TYPE` where the kind of the value is wrong) in its words.
 */
export function splitIndices(samples: number, plan: SplitPlan): SplitIndices {
  checkPlan(plan)
  const { shuffle = true, stratify } = plan
  const [trainSize, testSize] = sizes(samples, plan)
  if (!shuffle) {
    if (stratify) {
      throw new InvalidArgValueError('Stratified train/test split is not implemented for shuffle=false')
    }
    const rows = Uint32Array.from({ length: trainSize + testSize }, (_, i) => i)
    return { train: rows.slice(0, trainSize), test: rows.slice(trainSize) }
  }
  if (stratify) return stratified(samples, trainSize, testSize, plan)
  const rows = new RandomState(plan.randomState).permutation(samples)
  return { test: rows.slice(0, testSize), train: rows.slice(testSize, testSize + trainSize) }
}

function checkPlan({ testSize, trainSize, randomState, shuffle }: SplitPlan): void {
  const fits = (size: number) => (Number.isInteger(size) ? size >= 1 : size > 0 && size < 1)
  const size = 'a float in the range (0.0, 1.0), an int in the range [1, inf)'
  checkOption('testSize', testSize, size, typeof testSize === 'number', fits)
  checkOption('trainSize', trainSize, size, typeof trainSize === 'number', fits)
  const seeds = (seed: number) => Number.isInteger(seed) && seed >= 0 && seed <= 0xffffffff
  checkOption('randomState', randomState, 'an int in the range [0, 4294967295]', typeof randomState === 'number', seeds)
  checkOption('shuffle', shuffle, 'a boolean', typeof shuffle === 'boolean', () => true)
}

function checkOption<T>(
  name: string,
  value: T | undefined,
  expected: string,
  kind: boolean,
  test: (value: T) => boolean,
): void {
  if (value === undefined || (kind && test(value))) return
  const got = typeof value === 'number' ? value : describe(value)
  const message = `The '${name}' parameter of trainTestSplit must be ${expected} or undefined. Got ${got} instead.`
  throw kind ? new InvalidArgValueError(message) : new InvalidArgTypeError(message)
}

/** Rows for training and for testing: a share of the samples rounds up for the test set and down for the training set. */
function sizes(samples: number, plan: SplitPlan): [train: number, test: number] {
  const { trainSize } = plan
  const testSize = plan.testSize === undefined && trainSize === undefined ? 0.25 : plan.testSize
  const isCount = (size: number | undefined): size is number => size !== undefined && Number.isInteger(size)
  for (const [name, size] of [
    ['testSize', testSize],
    ['trainSize', trainSize],
  ] as const) {
    if (isCount(size) && size >= samples) {
      throw new InvalidArgValueError(
        `${name}=${size} should be either positive and smaller than the number of samples ${samples}` +
          ' or a float in the (0, 1) range',
      )
    }
  }
  if (testSize !== undefined && trainSize !== undefined && !isCount(testSize) && !isCount(trainSize)) {
    if (trainSize + testSize > 1) {
      throw new InvalidArgValueError(
        `The sum of testSize and trainSize = ${trainSize + testSize}, should be in the (0, 1) range.` +
          ' Reduce testSize and/or trainSize.',
      )
    }
  }
  const forTest = testSize === undefined || isCount(testSize) ? testSize : Math.ceil(testSize * samples)
  const forTrain = trainSize === undefined || isCount(trainSize) ? trainSize : Math.floor(trainSize * samples)
  const train = forTrain ?? samples - forTest!
  const test = forTest ?? samples - forTrain!
  if (train + test > samples) {
    throw new InvalidArgValueError(
      `The sum of trainSize and testSize = ${train + test}, should be smaller than the number of samples ${samples}.` +
        ' Reduce testSize and/or trainSize.',
    )
  }
  if (train === 0) {
    throw new InvalidArgValueError(
      `With n_samples=${samples}, testSize=${testSize} and trainSize=${trainSize}, the resulting train set will be` +
        ' empty. Adjust any of the aforementioned parameters.',
    )
  }
  return [train, test]
}

/** scikit-learn's `StratifiedShuffleSplit`: every class keeps its share in both parts. */
function stratified(samples: number, trainSize: number, testSize: number, plan: SplitPlan): SplitIndices {
  const { labels, dtype } = plan.stratify!
  if (labels.length === 0) {
    throw new InvalidArgValueError('Found array with 0 sample(s) (shape=(0,)) while a minimum of 1 is required.')
  }
  const classes = classesOf(labels, dtype)
  if (labels.length !== samples) {
    throw new InvalidArgValueError(
      `Found input variables with inconsistent numbers of samples: [${samples}, ${labels.length}]`,
    )
  }
  checkClasses(classes, trainSize, testSize)
  const random = new RandomState(plan.randomState)
  const counts = classes.members.map(members => members.length)
  const trainCounts = approximateMode(counts, trainSize, random)
  const left = counts.map((count, i) => count - trainCounts[i]!)
  const testCounts = approximateMode(left, testSize, random)
  const train: number[] = []
  const test: number[] = []
  classes.members.forEach((members, i) => {
    const order = random.permutation(members.length)
    const [trainCount, testCount] = [trainCounts[i]!, testCounts[i]!]
    for (let k = 0; k < trainCount; k++) train.push(members[order[k]!]!)
    for (let k = trainCount; k < trainCount + testCount; k++) test.push(members[order[k]!]!)
  })
  return { train: random.shuffle(Uint32Array.from(train)), test: random.shuffle(Uint32Array.from(test)) }
}

function checkClasses({ members, texts }: Classes, trainSize: number, testSize: number): void {
  const rare = texts.filter((_, i) => members[i]!.length < 2)
  if (rare.length > 0) {
    throw new InvalidArgValueError(
      'The least populated classes in y have only 1 member, which is too few. The minimum number of groups for any' +
        ` class cannot be less than 2. Classes with too few members are: [${rare.join(', ')}]`,
    )
  }
  for (const [name, size] of [
    ['trainSize', trainSize],
    ['testSize', testSize],
  ] as const) {
    if (size < members.length) {
      throw new InvalidArgValueError(
        `The ${name} = ${size} should be greater or equal to the number of classes = ${members.length}`,
      )
    }
  }
}

/** How many of each class to draw, of `draws` in all: shares rounded down, the rest by largest remainder, ties at random. */
function approximateMode(counts: readonly number[], draws: number, random: RandomState): number[] {
  const total = counts.reduce((sum, count) => sum + count, 0)
  const shares = counts.map(count => (count / total) * draws)
  const drawn = shares.map(Math.floor)
  let missing = draws - drawn.reduce((sum, n) => sum + n, 0)
  if (missing <= 0) return drawn
  const remainders = shares.map((share, i) => share - drawn[i]!)
  for (const value of [...new Set(remainders)].sort((a, b) => b - a)) {
    const tied = [...remainders.keys()].filter(i => remainders[i] === value)
    const now = Math.min(tied.length, missing)
    for (const i of random.choice(tied, now)) drawn[i] = drawn[i]! + 1
    missing -= now
    if (missing === 0) break
  }
  return drawn
}
