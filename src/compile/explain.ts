import { describe, InvalidArgTypeError } from '../core/errors'
import type { Module } from '../nn'
import { graph, type NativePlan } from './binding'
import { CompiledModule, type Entry, entriesOf } from './compiled'

/**
 * Says what became of a compiled module's calls so far: a table of the blocks of each signature, or the reason why it
 * runs eagerly.
 *
 * Each block is one pass over its input; the convolution's own output is never stored. `ERR_INVALID_ARG_TYPE` for what is
 * not compiled.
 *
 * @example
 * console.log(torch.explain(fast))
 */
export function explain(compiled: CompiledModule<any>): string {
  if (!(compiled instanceof CompiledModule)) {
    throw new InvalidArgTypeError(`explain: expected a compiled module, got ${describe(compiled)}`)
  }
  const entries = entriesOf(compiled as CompiledModule<Module>)
  const name = compiled.module.constructor.name
  if (entries.length === 0) return `${name}: not called yet`
  return [`${name}: ${entries.length} of at most 16 signatures`, ...entries.map(explainEntry)].join('\n\n')
}

function explainEntry(entry: Entry): string {
  if (entry.id === -1) return `${entry.signature}: eager\n  why: ${entry.reason}`
  const plan = graph.graphDescribe(entry.id)
  return [`${entry.signature}: fused`, ...planLines(plan, entry.count)].join('\n')
}

/** A plan as a table, and what it costs for `count` inputs. */
export function planLines(plan: NativePlan, count: number): string[] {
  const rows = plan.blocks.map(block => [
    block.name,
    block.kind + (block.norm ? ' + batch norm' : ''),
    `[${block.output.join(', ')}]`,
    block.multiplications.toLocaleString('en'),
    bytes(4 * block.output.reduce((product, n) => product * n, 1)),
    bytes(block.intermediateBytes),
  ])
  const head = ['block', 'kernel', 'output', 'multiplications', 'written', 'not written']
  const widths = head.map((text, i) => Math.max(text.length, ...rows.map(row => row[i]!.length)))
  const line = (row: readonly string[]) => `  ${row.map((text, i) => text.padEnd(widths[i]!)).join('  ')}`.trimEnd()
  const tiles = Math.ceil(count / plan.lanes)
  return [
    line(head),
    line(widths.map(width => '-'.repeat(width))),
    ...rows.map(line),
    `  figures are for one input; kernels: ${plan.kernels}, ${plan.lanes} inputs side by side, ${tiles} ${tiles === 1 ? 'tile' : 'tiles'}`,
    `  ${plan.blocks.length} passes over a tile, scratch memory ${bytes(plan.predictBytes)} a thread`,
  ]
}

function bytes(count: number): string {
  if (count === 0) return '-'
  return count < 10_000
    ? `${count} B`
    : count < 10_000_000
      ? `${Math.round(count / 1000)} kB`
      : `${Math.round(count / 1e6)} MB`
}
