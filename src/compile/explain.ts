import { describe, InvalidArgTypeError } from '../core/errors'
import { isModule, type Module } from '../nn'
import { graph, type NativePlan } from './binding'
import { CompiledModule, type Entry, entriesOf, MAX_RECORDINGS } from './compiled'
import { blockTitle, drawPlan } from './drawing'
import { forwardTraffic, reordering, sum, type Traffic, TrainingTraffic } from './traffic'
import { type GraphedSteps, type TrainingEntry, trainingOf } from './training'

/**
 * Says what became of a compiled module's calls so far, and of the last compiled training of a module: for each signature a
 * drawing of its blocks and a table of what they compute, read and write, or why it runs eagerly: the call that is in the
 * way, and what would be fused without it.
 *
 * Bytes are those of one input, in buffers between the blocks; the convolution's own output is never stored. Weights are
 * not counted: all inputs share them. `ERR_INVALID_ARG_TYPE` for what is no module.
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

/** What CUDA graphs did, and of which kernels they are. */
function graphedLines(signature: string, { captures, replays, eager, kernels }: GraphedSteps): string[] {
  const times = (count: number) => (count === 1 ? 'once' : `${count} times`)
  return [
    `${signature}: a CUDA graph`,
    `  captured ${times(captures)}, replayed ${times(replays)}; ${eager} eager before and besides`,
    ...kernels.map(line => `  ${line}`),
  ]
}

function explainEntry(entry: Entry): string[] {
  const { graphed } = entry
  if (graphed !== undefined && graphed.reason === undefined) return graphedLines(entry.signature, graphed)
  if (entry.id === -1) return eagerLines({ ...entry, reason: graphed?.reason ?? entry.reason })
  const plan = graph.graphDescribe(entry.id, entry.count)
  if (plan.oneByOne) return explainOneByOne(entry, plan)
  const input = reordering(plan.input)
  const output = reordering(plan.output)
  const moved = plan.blocks.map(forwardTraffic)
  return [
    `${entry.signature}: fused, ${tilesText(plan, entry.count)}`,
    '',
    ...drawPlan(plan).map(line => `  ${line}`),
    '',
    ...tableOf(
      ['block', 'output', 'multiplications', 'read', 'written', 'not written'],
      [
        ['inputs side by side', '', '', ...cells(input), ''],
        ...plan.blocks.map((block, i) => [...blockCells(plan, i), ...cells(moved[i]!), bytes(block.intermediateBytes)]),
        ['outputs in rows', '', '', ...cells(output), ''],
        ['in all', '', multiplications(plan), ...cells(sum([input, ...moved, output])), ''],
      ],
    ),
    ...footer(plan),
    `  one pass over the data; scratch memory ${bytes(plan.predictBytes)} a thread`,
  ]
}

/** Few inputs: their own places are side by side, so nothing is put into another order. */
function explainOneByOne(entry: Entry, plan: NativePlan): string[] {
  const moved = plan.blocks.map(forwardTraffic)
  return [
    `${entry.signature}: fused, one by one`,
    '',
    ...drawPlan(plan).map(line => `  ${line}`),
    '',
    ...tableOf(
      ['block', 'output', 'multiplications', 'read', 'written', 'not written'],
      [
        ...plan.blocks.map((block, i) => [...blockCells(plan, i), ...cells(moved[i]!), bytes(block.intermediateBytes)]),
        ['in all', '', multiplications(plan), ...cells(sum(moved)), ''],
      ],
    ),
    `  figures are for one input; kernels: ${plan.kernels}, ${plan.lanes} places of an input side by side`,
    `  one pass over the data; scratch memory ${bytes(plan.predictBytes)}`,
  ]
}

function explainTraining(entry: TrainingEntry): string {
  if (entry.graphed !== undefined && entry.reason === undefined) {
    return graphedLines(entry.signature, entry.graphed).join('\n')
  }
  if (entry.id === -1) return eagerLines(entry).join('\n')
  const plan = graph.graphDescribe(entry.id, entry.count)
  const [statistics, thereAndBack, further, scratch, kept] = graph.graphTrainCost(entry.id, entry.count)!
  const passes = new TrainingTraffic(plan, kept === 1, statistics).passes()
  const count = statistics + thereAndBack + further
  const between = kept === 1 ? 'each goes on from what the last one left' : 'each begins at the input again'
  const fromInput = statistics < plan.blocks.filter(({ norm }) => norm).length
  return [
    `${entry.signature}: fused, ${tilesText(plan, entry.count)}`,
    '',
    ...drawPlan(plan).map(line => `  ${line}`),
    '',
    ...tableOf(
      ['block', 'output', 'multiplications', 'not written'],
      [
        ...plan.blocks.map((block, i) => [
          ...blockCells(plan, i),
          bytes(kept === 1 && block.stored ? 0 : block.intermediateBytes),
        ]),
        ['in all, forward', '', multiplications(plan), ''],
      ],
    ),
    '',
    ...tableOf(
      ['pass over the data', 'read', 'written'],
      [
        ...passes.map(({ what, ...traffic }, i) => [`${i + 1} ${what}`, ...cells(traffic)]),
        ['in all', ...cells(sum(passes))],
      ],
    ),
    ...footer(plan),
    ...(fromInput ? ["  block 1 has its statistics from its input's, gathered once for data that come again"] : []),
    `  ${count === 1 ? 'one pass' : `${count} passes`} over the data; ${between}`,
    `  scratch memory ${bytes(scratch)} in all`,
  ].join('\n')
}

function eagerLines({ signature, reason, more }: Entry | TrainingEntry): string[] {
  return [`${signature}: eager`, `  why: ${reason}`, ...more.map(line => `  ${line}`)]
}

function tilesText({ lanes }: NativePlan, count: number): string {
  const tiles = Math.ceil(count / lanes)
  return `${tiles} ${tiles === 1 ? 'tile' : 'tiles'} of ${lanes}`
}

function blockCells({ blocks }: NativePlan, i: number): string[] {
  const block = blocks[i]!
  return [`${i + 1} ${blockTitle(block)}`, `[${block.output.join(', ')}]`, block.multiplications.toLocaleString('en')]
}

const cells = ({ read, written }: Traffic): string[] => [bytes(read), bytes(written)]

const multiplications = ({ blocks }: NativePlan): string =>
  blocks.reduce((total, block) => total + block.multiplications, 0).toLocaleString('en')

const footer = (plan: NativePlan): string[] => [
  `  figures are for one input; kernels: ${plan.kernels}, ${plan.lanes} inputs side by side`,
]

function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = head.map((text, i) => Math.max(text.length, ...rows.map(row => row[i]!.length)))
  const line = (row: readonly string[]) => `  ${row.map((text, i) => text.padEnd(widths[i]!)).join('  ')}`.trimEnd()
  return [line(head), line(widths.map(width => '-'.repeat(width))), ...rows.map(line)]
}

function bytes(count: number): string {
  if (count === 0) return '-'
  return count < 10_000
    ? `${count} B`
    : count < 10_000_000
      ? `${Math.round(count / 1000)} kB`
      : `${Math.round(count / 1e6)} MB`
}
