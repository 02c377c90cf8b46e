import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Picture } from '../../src/plots'
import type { Benchmark } from './benchmark'
import { benchmarks } from './benchmarks'
import { describeMachine } from './machine'
import type { Report } from './report'
import { markdown } from './table'

const BLOCK = /(<!-- bench:([\w-]+) -->\n)[\s\S]*?(<!-- \/bench -->)/g

/**
 * Puts new text between `<!-- bench:<name> -->` and `<!-- /bench -->`, everything else stays. Throws where the page lacks a block, or
 * has one that nobody fills, unless it is told to `keep` those.
 */
export function rewriteBlocks(page: string, blocks: Readonly<Record<string, string>>, keep = false): string {
  const missing = new Set(Object.keys(blocks))
  const rewritten = page.replace(BLOCK, (all, begin: string, name: string, end: string) => {
    const text = blocks[name]
    if (text === undefined && keep) return all
    if (text === undefined) throw new Error(`there is nothing to put into the block '${name}'`)
    missing.delete(name)
    return `${begin}\n${text.trim()}\n\n${end}`
  })
  if (missing.size > 0) throw new Error(`the page has no block '${[...missing].join("', '")}'`)
  return rewritten
}

/**
 * Rewrites the figures of `docs/performance.md`, and the pictures beside it. Compiled figures have a part of their own, and are the only
 * ones that change where nothing else was measured.
 */
export function writeDocs(folder: string, report: Report, pictures: Readonly<Record<string, Picture>>): void {
  const file = path.join(folder, 'performance.md')
  const measured = benchmarks.filter(({ name }) => report.results.some(row => row.benchmark === name))
  const [compiled, others] = [measured.filter(one => one.compiled), measured.filter(one => !one.compiled)]
  const part = others.length === 0
  const blocks = {
    compiled: part ? [machineLine(report), chapters(compiled, report), leftOut(report)] : [chapters(compiled, report)],
    ...(part
      ? {}
      : { machine: [machineLine(report)], figures: [chapters(others, report)], 'left-out': [leftOut(report)] }),
  }
  const texts = Object.fromEntries(Object.entries(blocks).map(([name, parts]) => [name, parts.join('\n\n')]))
  const page = rewriteBlocks(readFileSync(file, 'utf8'), texts, part)
  mkdirSync(folder, { recursive: true })
  for (const [name, picture] of Object.entries(pictures))
    writeFileSync(path.join(folder, `performance-${name}.png`), picture.png)
  writeFileSync(file, page)
}

const machineLine = ({ date, machine, rounds }: Report) =>
  `Measured on ${date.slice(0, 10)}, ${rounds === 1 ? 'one round' : `${rounds} rounds`}: ${describeMachine(machine)}.`

const leftOut = ({ leftOut }: Report) =>
  leftOut.length > 0 ? leftOut.map(line => `- ${line}`).join('\n') : 'Nothing was left out.'

function chapters(chosen: readonly Benchmark[], { results, threads }: Report): string {
  const rowsOf = ({ name }: Benchmark) => results.filter(row => row.benchmark === name)
  return chosen.map(benchmark => markdown(benchmark, rowsOf(benchmark), threads)).join('\n\n')
}
