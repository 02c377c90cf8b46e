/** The program behind `npm run bench`: measures this package beside Python and onnxruntime-node, and shows it. */
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { CommanderError } from 'commander'
import { version } from '../../src'
import { failure } from '../../src/cli/output'
import type { Picture } from '../../src/plots'
import { SIDES, type Side } from './benchmark'
import { writeDocs } from './docs'
import { describeMachine, machineFacts } from './machine'
import { type Options, program } from './options'
import { findOnnx, findPython, installOnnx, installPython } from './others'
import { barPicture, barRows } from './pictures/bars'
import { scalingPicture } from './pictures/scaling'
import type { Report } from './report'
import { root } from './root'
import { GLIBC_TUNABLES, run } from './run'
import { headerLine, heading, notesOf, tableLine } from './table'

async function bench(options: Options): Promise<void> {
  const { chosen, size, rounds } = options
  const date = new Date().toISOString()
  // Whoever waited for the figures should not learn only then that they cannot be kept.
  if (options.json !== undefined) appendFileSync(options.json, '')
  mkdirSync(options.out, { recursive: true })
  const python = options.withPython
    ? ((await findPython()) ?? (await installPython(version.libtorch)))
    : options.python
      ? await findPython()
      : undefined
  const onnx = options.withOnnx ? await installOnnx() : await findOnnx()
  const machine = machineFacts(python, onnx)
  console.log(describeMachine(machine))

  const shown = progress()
  const columns = new Map<string, Side[]>()
  const { results, leftOut, failed } = await run(chosen, {
    size,
    rounds,
    threads: options.threads,
    python,
    onnx,
    onProcess: shown.line,
    onFailure: error => {
      shown.clear()
      console.error(error.message)
    },
    onCase: (benchmark, rows) => {
      shown.clear()
      // The columns are those of a benchmark's first case: later ones may lack a side.
      const sides = columns.get(benchmark.name) ?? SIDES.filter(side => rows.some(row => row.figures[side]))
      if (!columns.has(benchmark.name)) console.log(`\n${headerLine(heading(benchmark, options.threads), sides)}`)
      columns.set(benchmark.name, sides)
      for (const row of rows) console.log(tableLine(row, sides))
      for (const note of notesOf(benchmark, rows)) console.log(`  ${note}`)
    },
  })
  shown.clear()
  console.log('')
  for (const line of leftOut) console.log(line)

  const command = ['npm run bench', ...(process.argv.length > 2 ? ['--', ...process.argv.slice(2)] : [])].join(' ')
  const threads = options.threads === undefined ? {} : { threads: options.threads }
  const report: Report = {
    ...{ command, date, size, rounds, ...threads, machine },
    ...{ tunables: GLIBC_TUNABLES, results, leftOut },
  }
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`)
  const pictures = draw(report)
  for (const [name, { svg, png }] of Object.entries(pictures)) {
    writeFileSync(path.join(options.out, `${name}.svg`), svg)
    writeFileSync(path.join(options.out, `${name}.png`), png)
    console.log(`${path.join(options.out, `${name}.svg`)}, ${name}.png`)
  }
  if (failed) process.exitCode = 1
  else if (options.writeDocs) writeDocs(path.join(root, 'docs'), report, options.all ? pictures : {})
}

function draw({ results }: Report): Record<string, Picture> {
  const scaling = scalingPicture(results)
  return {
    ...(barRows(results).length > 0 ? { bars: barPicture(results) } : {}),
    ...(scaling ? { scaling } : {}),
  }
}

/** What is under way, on one line of a terminal that the next one replaces; nothing elsewhere. */
function progress() {
  const { isTTY } = process.stderr
  const clear = () => void (isTTY && process.stderr.write('\r\x1b[K'))
  const line = (text: string) => {
    clear()
    if (isTTY) process.stderr.write(text)
  }
  return { line, clear }
}

async function main(): Promise<void> {
  try {
    await program(bench).parseAsync()
  } catch (error) {
    if (!(error instanceof CommanderError)) {
      failure(error)
      process.exitCode = 1
    } else if (error.exitCode !== 0) {
      process.exitCode = 2
    }
  }
}

void main()
