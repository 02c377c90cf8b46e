import path from 'node:path'
import { Command, Option } from 'commander'
import { count } from '../../src/cli/options'
import { type Benchmark, SIZES, type Size } from './benchmark'
import { benchmarks } from './benchmarks'

/** What was typed, checked. */
export interface Options {
  chosen: Benchmark[]
  size: Size
  rounds: number
  threads?: number
  /** Whether a Python is looked for at all. */
  python: boolean
  withPython?: boolean
  withOnnx?: boolean
  json?: string
  out: string
  all?: boolean
  writeDocs?: boolean
}

type Typed = Omit<Options, 'chosen' | 'size' | 'rounds'> & {
  compile?: boolean
  gpu?: boolean
  size?: Size
  rounds?: number
}

const NAMES = benchmarks.map(({ name }) => name).join(', ')

/** The program's command line; `action` gets what was typed once it is found right. Throws a `CommanderError` where it is wrong. */
export function program(action: (options: Options) => Promise<void>): Command {
  const command = new Command('npm run bench --')
  return command
    .description('Measure this package beside Python and onnxruntime-node, in the same run.')
    .argument('[benchmarks...]', `which ones: ${NAMES} (default: those that fit into a minute)`)
    .option('--all', 'everything, in full size: what docs/performance.md shows')
    .option(
      '--compile',
      "what has a compiled side, beside the named ones: 'Compiled' of docs/performance.md, in full size",
    )
    .option('--gpu', 'what is measured on a GPU, beside the named ones, in full size')
    .addOption(
      new Option('--size <size>', 'how much is measured (default: quick, with --all, --compile or --gpu full)').choices(
        SIZES,
      ),
    )
    .option('--rounds <n>', 'rounds of every case, the sides in turn (default: 2, in full size 3)', count(1))
    .option('--threads <n>', "threads of every side (default: each benchmark's own)", count(1))
    .option('--no-python', 'leave Python out')
    .option('--with-python', 'install a Python torch into the cache, where none is found')
    .option('--with-onnx', 'install onnxruntime-node into the cache, where it is not there')
    .option('--json <file>', 'write everything that was measured as JSON')
    .option('--out <folder>', 'where the pictures go', path.join('runs', 'bench'))
    .option(
      '--write-docs',
      'rewrite the figures and pictures of docs/performance.md; goes with --all, or with --compile for its part',
    )
    .addHelpText('after', '\n--no-build measures what is built already, even where sources have changed since.')
    .exitOverride()
    .action((words: string[], typed: Typed) => {
      const wrong = mistake(words, typed)
      if (wrong !== undefined) command.error(`error: ${wrong}`)
      const { all = false, compile = false, gpu = false, ...others } = typed
      const { size = all || compile || gpu ? 'full' : 'quick', rounds = size === 'full' ? 3 : 2, ...rest } = others
      return action({ ...rest, all, chosen: choose(words, { all, compile, gpu }), size, rounds })
    })
}

/** What no single option can see. */
function mistake(words: readonly string[], typed: Typed): string | undefined {
  const { all, compile, gpu, writeDocs, size, withPython, python } = typed
  const unknown = words.filter(word => !benchmarks.some(({ name }) => name === word))
  if (unknown.length > 0) return `no benchmark '${unknown.join("', '")}'. There are ${NAMES}.`
  if (writeDocs && (!(all || compile) || gpu || words.length > 0 || size !== undefined)) {
    return '--write-docs goes with --all or --compile, and with no names, no --gpu and no --size: the page shows everything.'
  }
  return withPython && !python ? '--with-python and --no-python exclude each other.' : undefined
}

function choose(words: readonly string[], asked: { all: boolean; compile: boolean; gpu: boolean }): Benchmark[] {
  const { all, compile } = asked
  return benchmarks.filter(({ name, onlyAll, compiled, gpu = false }) => {
    if (words.includes(name)) return true
    if (gpu) return asked.gpu
    if (compile && compiled !== undefined) return true
    return words.length === 0 && (all || (!onlyAll && !compile && !asked.gpu))
  })
}
