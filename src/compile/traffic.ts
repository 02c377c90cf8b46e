import { product } from '../core/sizes'
import type { NativeBlock, NativePlan } from './binding'

/** Bytes that are read from and written to the buffers of one input; a block's own rows, which stay in the cache, are not. */
export interface Traffic {
  read: number
  written: number
}

/** A pass over the data, and its traffic. */
export interface Pass extends Traffic {
  what: string
}

/** float32 */
const SIZE = 4

const bytesOf = (sizes: readonly number[]) => SIZE * product(sizes)

/** What a block moves in a prediction. */
export function forwardTraffic({ input, output }: NativeBlock): Traffic {
  return { read: bytesOf(input), written: bytesOf(output) }
}

/** Putting inputs side by side, or results back into rows. */
export function reordering(sizes: readonly number[]): Traffic {
  return { read: bytesOf(sizes), written: bytesOf(sizes) }
}

export function sum(traffics: readonly Traffic[]): Traffic {
  const total = (part: (traffic: Traffic) => number) => traffics.reduce((all, traffic) => all + part(traffic), 0)
  return { read: total(({ read }) => read), written: total(({ written }) => written) }
}

/** Adds up the traffic of a training step's passes, which are those of `native/graph/trainer.h`. */
export class TrainingTraffic {
  readonly #plan: NativePlan
  /** Whether what a pass makes is kept for the next one; else each begins at the input. */
  readonly #kept: boolean
  /** The blocks with batch norm that have a pass for their statistics: the first block may have them from its input's. */
  readonly #norms: readonly number[]
  #read = 0
  #written = 0
  /** The last block whose output is there; -2 where the input is not there either. */
  #done = -2

  constructor(plan: NativePlan, kept: boolean, statistics: number) {
    this.#plan = plan
    this.#kept = kept
    const all = plan.blocks.flatMap(({ norm }, i) => (norm ? [i] : []))
    this.#norms = all.slice(all.length - statistics)
  }

  passes(): Pass[] {
    const { blocks } = this.#plan
    const norms = this.#norms
    const last = blocks.length - 1
    const passes = norms.map(norm =>
      this.#pass(`statistics of block ${norm + 1}`, () => {
        this.#ensure(norm - 1, norm)
        const z = this.#storedBytes(norm)
        this.#move(bytesOf(blocks[norm]!.input) + z, z)
      }),
    )
    passes.push(
      this.#pass('to the loss and back', () => {
        this.#ensure(last, norms.at(-1) ?? 0)
        this.#move(bytesOf(blocks[last]!.output), bytesOf(blocks[last]!.output))
        this.#descend(last)
      }),
    )
    for (const [k, norm] of [...norms.entries()].reverse()) {
      passes.push(
        this.#pass(`on from block ${norm + 1}`, () => {
          this.#ensure(norm - 1, norms[k - 1] ?? 0)
          this.#stepDown(norm)
          this.#descend(norm - 1)
        }),
      )
    }
    return passes
  }

  #pass(what: string, run: () => void): Pass {
    ;[this.#read, this.#written] = [0, 0]
    if (!this.#kept) this.#done = -2
    run()
    return { what, read: this.#read, written: this.#written }
  }

  #move(read: number, written: number): void {
    this.#read += read
    this.#written += written
  }

  /** Everything up to `block`; of what backward needs besides outputs, only what this pass or a later one reads. */
  #ensure(block: number, trackFrom: number): void {
    const { input, blocks } = this.#plan
    if (this.#done === -2) {
      this.#move(bytesOf(input), bytesOf(input))
      this.#done = -1
    }
    for (let i = this.#done + 1; i <= block; i++) {
      const one = blocks[i]!
      const z = this.#storedBytes(i)
      this.#move(z > 0 ? z : bytesOf(one.input), bytesOf(one.output))
      if (one.slopes) this.#move(0, bytesOf(one.output))
      // without a pool what is picked is what is stored
      const picked = z > 0 && !one.picks ? 0 : this.#pickedBytes(i)
      if (this.#kept || i >= trackFrom) this.#move(0, indexBytes(one) + picked)
      this.#done = i
    }
  }

  /** From the gradient at a block's output to the next batch norm or the input. */
  #descend(from: number): void {
    for (let i = from; i >= 0; i--) {
      const block = this.#plan.blocks[i]!
      const gradient = bytesOf(block.output)
      const picked = this.#pickedBytes(i)
      if (block.activation !== '' || picked > 0) this.#move(2 * gradient + picked, gradient)
      if (this.#norms.includes(i)) return
      this.#stepDown(i)
    }
  }

  #stepDown(i: number): void {
    const block = this.#plan.blocks[i]!
    const { kind, input, output, intermediateBytes } = block
    const gradient = bytesOf(output) + indexBytes(block)
    const below = i > 0 ? bytesOf(input) : 0
    if (kind === 'convolution') {
      // dz, whole, is what the gradient at the input comes from
      const dz = i > 0 ? intermediateBytes : 0
      this.#move(gradient + bytesOf(input) + this.#storedBytes(i) + dz, dz + below)
    } else if (kind === 'linear') this.#move(2 * gradient + bytesOf(input), below)
    else if (i > 0) this.#move(gradient, below)
  }

  /** Of a convolution that is stored for the passes to come. */
  #storedBytes(i: number): number {
    const { stored, intermediateBytes } = this.#plan.blocks[i]!
    return this.#kept && stored && this.#norms.includes(i) ? intermediateBytes : 0
  }

  /** Of the convolution's values behind a batch norm's gradient. */
  #pickedBytes(i: number): number {
    return this.#norms.includes(i) ? bytesOf(this.#plan.blocks[i]!.output) : 0
  }
}

function indexBytes({ picks, output }: NativeBlock): number {
  return picks ? product(output) : 0
}
