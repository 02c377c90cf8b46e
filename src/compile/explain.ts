import { describe, InvalidArgTypeError } from '../core/errors'
import { product } from '../core/sizes'
import { isModule, type Module } from '../nn'
import { graph, type NativePlan } from './binding'
import { CompiledModule, type Entry, entriesOf, MAX_RECORDINGS } from './compiled'
import { type TrainingEntry, trainingOf } from './training'

/**
 * Says what became of a compiled module's calls so far, and of the last compiled training of a module: a table of the
 * blocks of each signature, or the reason why it runs eagerly.
 *
 * Each block is one pass over its input; the convolution's own output is never stored. `ERR_INVALID_ARG_TYPE` for what is
 * no module.
 *
 * @example
 * console.log(torch.explain(fast))
 */
export function explain(compiled: Module): string {
  if (!isModule(compiled)) {
    throw new InvalidArgTypeError(`explain: expected a module, got ${describe(compiled)}`)
  }
  const module = compiled instanceof CompiledModule ? (compiled.module as Module) : compiled
  const name = module.constructor.name
  const parts: string[] = []
  const training = trainingOf(module)
  if (training !== undefined) parts.push(`${name}, trained`, explainTraining(training))
  if (compiled instanceof CompiledModule) {
    const entries = entriesOf(compiled as CompiledModule<Module>)
    const count = `${entries.length} of at most ${MAX_RECORDINGS} signatures`
    parts.push(entries.length === 0 ? `${name}: not called yet` : `${name}: ${count}`, ...grouped(entries))
  } else if (training === undefined) {
    parts.push(`${name}: not compiled`)
  }
  return parts.join('\n\n')
}

/** Signatures that became the same, once. */
function grouped(entries: readonly Entry[]): string[] {
  const texts = new Map<string, string[]>()
  for (const entry of entries) {
    const [head, ...rest] = explainEntry(entry)
    const text = rest.join('\n')
    texts.set(text, [...(texts.get(text) ?? []), head!])
  }
  return [...texts].map(([text, heads]) => [...heads, text].join('\n'))
}

function explainEntry(entry: Entry): string[] {
  if (entry.id === -1) return [`${entry.signature}: eager`, `  why: ${entry.reason}`]
  const plan = graph.graphDescribe(entry.id, entry.count)
  const what = plan.oneByOne ? 'an input' : 'a tile'
  return [
    `${entry.signature}: fused, ${plan.oneByOne ? 'one by one' : tilesText(plan, entry.count)}`,
    ...planLines(plan),
    `  ${plan.blocks.length} passes over ${what}, scratch memory ${bytes(plan.predictBytes)} a thread`,
  ]
}

function explainTraining(entry: TrainingEntry): string {
  if (entry.id === -1) return `${entry.signature}: eager\n  why: ${entry.reason}`
  const plan = graph.graphDescribe(entry.id, entry.count)
  const cost = graph.graphTrainCost(entry.id)
  const [statistics, thereAndBack, further, scratch] = cost ?? [0, 1, 0, 0]
  return [
    `${entry.signature}: fused, ${tilesText(plan, entry.count)}`,
    ...planLines({ ...plan, oneByOne: false }),
    `  ${statistics + thereAndBack + further} passes over the data: ${statistics} for statistics, one to the loss and back, ${further} further down`,
    `  scratch memory ${bytes(scratch)} in all; between passes nothing of a tile is kept where that would be too much`,
  ].join('\n')
}

function tilesText({ lanes }: NativePlan, count: number): string {
  const tiles = Math.ceil(count / lanes)
  return `${tiles} ${tiles === 1 ? 'tile' : 'tiles'} of ${lanes}`
}

/** A plan as a table. */
function planLines(plan: NativePlan): string[] {
  const rows = plan.blocks.map(block => [
    block.name,
    block.kind + (block.norm ? ' + batch norm' : ''),
    `[${block.output.join(', ')}]`,
    block.multiplications.toLocaleString('en'),
    bytes(4 * product(block.output)),
    bytes(block.intermediateBytes),
  ])
  const head = ['block', 'kernel', 'output', 'multiplications', 'written', 'not written']
  const widths = head.map((text, i) => Math.max(text.length, ...rows.map(row => row[i]!.length)))
  const line = (row: readonly string[]) => `  ${row.map((text, i) => text.padEnd(widths[i]!)).join('  ')}`.trimEnd()
  return [
    line(head),
    line(widths.map(width => '-'.repeat(width))),
    ...rows.map(line),
    `  figures are for one input; kernels: ${plan.kernels}, ${plan.lanes} ${plan.oneByOne ? 'places or outputs' : 'inputs'} side by side`,
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
