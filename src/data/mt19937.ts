import { getRandomValues } from 'node:crypto'
import { OutOfRangeError } from '../core/errors'

const N = 624
const M = 397

/**
 * numpy's legacy random numbers (`numpy.random.RandomState`), as far as scikit-learn's splits draw them: the Mersenne
 * twister MT19937, seeded and read as numpy does, draw for draw.
 */
export class RandomState {
  readonly #key = new Uint32Array(N)
  #position = N

  /** `seed`: 0 to 2^32 - 1; without one, all 624 words of the state come from the system's entropy. */
  constructor(seed?: number) {
    const key = this.#key
    if (seed === undefined) {
      getRandomValues(key)
      key[0] = 0x80000000 // numpy's own guard against a state of zeros
      return
    }
    let word = seed >>> 0
    for (let i = 0; i < N; i++) {
      key[i] = word
      word = (Math.imul(1812433253, word ^ (word >>> 30)) + i + 1) >>> 0
    }
  }

  /** The next 32 random bits. */
  next32(): number {
    if (this.#position === N) this.#generate()
    let y = this.#key[this.#position++]!
    y ^= y >>> 11
    y ^= (y << 7) & 0x9d2c5680
    y ^= (y << 15) & 0xefc60000
    y ^= y >>> 18
    return y >>> 0
  }

  /** A number in [0, max], by rejection under the smallest bit mask that covers `max`. */
  interval(max: number): number {
    if (max === 0) return 0
    const mask = 0xffffffff >>> Math.clz32(max)
    let value: number
    do value = (this.next32() & mask) >>> 0
    while (value > max)
    return value
  }

  /** Shuffles in place, from the end downwards. */
  shuffle(values: Uint32Array): Uint32Array {
    for (let i = values.length - 1; i > 0; i--) {
      const j = this.interval(i)
      const held = values[j]!
      values[j] = values[i]!
      values[i] = held
    }
    return values
  }

  /** The numbers below `n` in random order. Throws `ERR_OUT_OF_RANGE` from 2^32 on. */
  permutation(n: number): Uint32Array {
    if (n > 0xffffffff) throw new OutOfRangeError(`a permutation of ${n} numbers: at most ${0xffffffff} are possible`)
    const values = new Uint32Array(n)
    for (let i = 0; i < n; i++) values[i] = i
    return this.shuffle(values)
  }

  /** `size` of the values, without replacement, in random order. */
  choice(values: readonly number[], size: number): number[] {
    return Array.from(this.permutation(values.length).subarray(0, size), i => values[i]!)
  }

  #generate(): void {
    const key = this.#key
    for (let i = 0; i < N; i++) {
      const y = (key[i]! & 0x80000000) | (key[(i + 1) % N]! & 0x7fffffff)
      key[i] = key[(i + M) % N]! ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0)
    }
    this.#position = 0
  }
}
