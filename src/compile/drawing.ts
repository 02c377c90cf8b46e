import type { NativeBlock, NativePlan } from './binding'

/** What a block computes. */
export function blockTitle({ kind, norm, activation, picks }: NativeBlock): string {
  const parts = kind === 'activation' ? [] : [kind]
  if (norm) parts.push('batch norm')
  if (activation !== '') parts.push(activation)
  if (picks && kind === 'convolution') parts.push('max pool')
  return parts.join(' + ')
}

const sizesText = (sizes: readonly number[]) => `[${sizes.join(', ')}]`

/** A plan from top to bottom: a box for each block with the names of what became part of it, and the sizes between them. */
export function drawPlan({ input, output, blocks }: NativePlan): string[] {
  const titles = blocks.map((block, i) => `${i + 1} ${blockTitle(block)}`)
  const width = Math.max(...titles.map(title => title.length + 3), ...blocks.flatMap(b => b.stages.map(s => s.length)))
  const lines = [`${sizesText(input)} input`, '  │']
  let sizes = input
  const between = (next: readonly number[]) => {
    if (sizes !== input) lines.push(`  │ ${sizesText(sizes)}`)
    if (next.length < sizes.length) lines.push(`  │ flattened to ${sizesText(next)}`)
  }
  for (const [i, block] of blocks.entries()) {
    between(block.input)
    lines.push(`┌─┴─ ${titles[i]} ${'─'.repeat(width - titles[i]!.length - 3)}┐`)
    for (const stage of block.stages) lines.push(`│ ${stage.padEnd(width)} │`)
    lines.push(`└─┬${'─'.repeat(width)}┘`)
    sizes = block.output
  }
  if (output.length < sizes.length) between(output)
  lines.push('  │', `${sizesText(output)} output`)
  return lines
}
