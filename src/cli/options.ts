import { InvalidArgumentError } from 'commander'

/** The values of commander's options, as text from the command line; a wrong one is refused by what was expected. */
function refuse(expected: string, got: string): never {
  throw new InvalidArgumentError(`Expected ${expected}.${got.trim() === '' ? ' It is empty.' : ''}`)
}

function integer(text: string, least: number, most: number, expected: string): number {
  const value = Number(text)
  return /^[+-]?\d+$/.test(text) && value >= least && value <= most ? value : refuse(expected, text)
}

/** An integer of at least `least`. */
export const count =
  (least: number) =>
  (text: string): number =>
    integer(text, least, Number.MAX_SAFE_INTEGER, `an integer of at least ${least}`)

/** What `manualSeed` takes. */
export const seed = (text: string): number =>
  integer(text, 0, Number.MAX_SAFE_INTEGER, `an integer from 0 to ${Number.MAX_SAFE_INTEGER}`)

/** What `trainTestSplit` takes as `randomState`. */
export const splitSeed = (text: string): number => integer(text, 0, 2 ** 32 - 1, `an integer from 0 to ${2 ** 32 - 1}`)

/** A learning rate: a number of at least 0. */
export function rate(text: string): number {
  const value = Number(text)
  return text.trim() !== '' && Number.isFinite(value) && value >= 0 ? value : refuse('a number of at least 0', text)
}

/** `full` or a number of images. */
export const batchSize = (text: string): 'full' | number =>
  text === 'full' ? text : integer(text, 1, Number.MAX_SAFE_INTEGER, '"full" or an integer of at least 1')

/** `auto`, `cpu`, `cuda` or `cuda:<index>`. */
export const device = (text: string): string =>
  /^(auto|cpu|cuda(:\d+)?)$/.test(text) ? text : refuse('auto, cpu, cuda or cuda:<index>', text)
