import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Picture } from '../../src/plots'
import { benchmarks } from './benchmarks'
import { describeMachine } from './machine'
import type { Report } from './report'
import { markdown } from './table'

const BLOCK = /(<!-- bench:([\w-]+) -->\n)[\s\S]*?(<!-- \/bench -->)/g

/**
 * Puts new text between `<!-- bench:<name> -->` and `<!-- /bench -->`, everything else stays. Throws where the page lacks a block, or
 * has one that nobody fills.
 */
export function rewriteBlocks(page: string, blocks: Readonly<Record<string, string>>): string {
  const missing = new Set(Object.keys(blocks))
  const rewritten = page.replace(BLOCK, (_all, begin: string, name: string, end: string) => {
    const text = blocks[name]
    if (text === undefined) throw new Error(`there is nothing to put into the block '${name}'`)
    missing.delete(name)
    return `${begin}\n${text.trim()}\n\n${end}`
  })
  if (missing.size > 0) throw new Error(`the page has no block '${[...missing].join("', '")}'`)
  return rewritten
}

/** Rewrites the figures of `docs/performance.md`, and the pictures beside it. */
export function writeDocs(folder: string, report: Report, pictures: Readonly<Record<string, Picture>>): void {
  const file = path.join(folder, 'performance.md')
  const chapters = benchmarks.flatMap(benchmark => {
    const rows = report.results.filter(row => row.benchmark === benchmark.name)
    return rows.length > 0 ? [markdown(benchmark, rows, report.threads)] : []
  })
  const page = rewriteBlocks(readFileSync(file, 'utf8'), {
    machine: `Measured on ${report.date.slice(0, 10)}: ${describeMachine(report.machine)}.`,
    figures: chapters.join('\n\n'),
    'left-out':
      report.leftOut.length > 0 ? report.leftOut.map(line => `- ${line}`).join('\n') : 'Nothing was left out.',
  })
  mkdirSync(folder, { recursive: true })
  for (const [name, picture] of Object.entries(pictures))
    writeFileSync(path.join(folder, `performance-${name}.png`), picture.png)
  writeFileSync(file, page)
}
