/** How much is measured: next to nothing (tests), about a minute in all, or what the documentation shows. */
export const SIZES = ['tiny', 'quick', 'full'] as const
export type Size = (typeof SIZES)[number]

/**
 * Who is measured: this package with `compile` and without, Python as people run it, Python with glibc told to keep large blocks, that
 * with `torch.compile`, onnxruntime-node.
 */
export const SIDES = ['compiled', 'here', 'python', 'tuned', 'inductor', 'onnx'] as const
export type Side = (typeof SIDES)[number]

/** The side that the others are held against: ours, with `compile` where a benchmark has that. */
export const ourSide = ({ compiled }: Benchmark): 'compiled' | 'here' => (compiled ? 'compiled' : 'here')

/** What one process measured: the seconds of each row, several samples each. A benchmark of one row gives the samples. */
export type Samples = number[] | Record<string, number[]>

/** What a case asks of each side, as JSON. */
export type Arguments = Record<string, unknown>

/** One figure, or several that one process measures together. */
export interface Case<A extends Arguments = Arguments> {
  /** The words of its row. */
  name: string
  args: A
  /**
   * Where it stands on the axis of the scaling plot. Such cases come in order of their size, and one that would need more memory than is
   * free, going by the one before, is left out.
   */
  x?: number
}

/** A benchmark: what is measured, in which sizes, by which program on each side. */
export interface Benchmark<A extends Arguments = Arguments> {
  /** Its word on the command line. */
  name: string
  title: string
  /** Its name in the bar picture. */
  short: string
  /** How its figures come about: sentences of the documentation. */
  about: string
  /** Threads of every side; libtorch's own number where it is left out. `--threads` overrules it. */
  threads?: number
  /** True where the peak memory of the processes is a figure too. */
  memory?: boolean
  /** True where the bar picture has no use for it. */
  noBars?: boolean
  /** True where it is measured by `--all` or by its name only. */
  onlyAll?: boolean
  /** True where it is of a GPU: measured by `--gpu` or by its name only, and on no page. */
  gpu?: boolean
  /** At most so many rounds, where one takes long. */
  maxRounds?: number
  /** Rows of which the worst of all rounds counts, not the median. */
  worst?: readonly string[]
  cases(size: Size): Case<A>[]
  /** Our side, in a fresh process: eager. */
  here?(args: A): Samples | Promise<Samples>
  /** Our side with `compile`: the figure of which the ratios are. `--compile` measures the benchmarks that have it. */
  compiled?(args: A): Samples | Promise<Samples>
  /** Python's side: a script of this folder that takes the arguments as JSON and prints what `sides.py` says. */
  python?: string
  /** True where that script compiles the network by `torch.compile`, if its arguments have `compile: true`. */
  inductor?: boolean
  /** Lines under the table, from our ratio to Python of each row. */
  notes?(ratios: Record<string, number>): string[]
  /** The side of onnxruntime-node: a program of that folder; `OnnxArguments` come along with the case's own. */
  onnx?: string
}

/** Where onnxruntime-node and the network for it are. */
export interface OnnxArguments {
  /** The folder whose `node_modules` has onnxruntime-node. */
  runtime: string
  /** The article's network as ONNX. */
  model: string
  threads: number
}

/** Gives the benchmark back: its cases and its sides agree on their arguments. */
export function benchmark<A extends Arguments>(definition: Benchmark<A>): Benchmark {
  return definition as unknown as Benchmark
}

/** Seconds of measuring that a case of short steps gets. */
export const SECONDS: Record<Size, number> = { tiny: 0.01, quick: 0.3, full: 1.5 }
