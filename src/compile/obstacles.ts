import type { Module } from '../nn'
import { graph, type NativePlan, type Stage } from './binding'
import { blockTitle } from './drawing'
import type { Mode } from './operators'
import { type Call, NotFused } from './recording'
import { nameOf, type Obstacle, stagesOf } from './stages'

/** What a plan is for: the sizes of the inputs, and the GPU where everything is; null for the CPU. */
export interface PlanInput {
  shape: readonly number[]
  gpu: number | null
}

/**
 * The plan of a chain, which lives as long as `owner`, and whether it draws random numbers. `NotFused` where there is none: it says which call is in the way, where
 * in the chain, and what would be fused without it.
 */
export function planOf(
  chain: readonly Call[],
  names: ReadonlyMap<Module, string>,
  input: PlanInput,
  mode: Mode,
  owner: object,
): { id: number; random: boolean } {
  const { stages, obstacles } = stagesOf(chain, names, mode)
  if (obstacles.length === 0) {
    try {
      const random = stages.some(({ kind, activation }) => /^dropout/.test(String(activation ?? kind)))
      return { id: graph.graphCreate(stages, input.shape, owner, input.gpu), random }
    } catch (error) {
      const reason = (error as Error).message
      const found = firstRefused(stages, input, reason)
      if (found === undefined) throw new NotFused(reason)
      obstacles.push({ place: found.place, reason })
    }
  }
  throw refusal(chain, names, input, stages, obstacles)
}

/** The stage that a plan is refused for: the last one of the shortest chain that is refused for the same reason. */
function firstRefused(stages: readonly Stage[], { shape, gpu }: PlanInput, reason: string): Stage | undefined {
  for (const [i, stage] of stages.entries()) {
    try {
      graph.graphCreate(stages.slice(0, i + 1), shape, {}, gpu)
    } catch (error) {
      if ((error as Error).message === reason) return stage
    }
  }
  return undefined
}

function refusal(
  chain: readonly Call[],
  names: ReadonlyMap<Module, string>,
  input: PlanInput,
  stages: readonly Stage[],
  obstacles: readonly Obstacle[],
): NotFused {
  const [{ place, reason }] = obstacles as [Obstacle]
  const { from } = chain[place]!
  const where = `call ${place + 1} of ${chain.length}, ${nameOf(chain[place]!, names)}, of [${from.join(', ')}]`
  const others = obstacles.slice(1).map(other => `call ${other.place + 1}, ${nameOf(chain[other.place]!, names)}`)
  const more = [`where: ${where}`]
  if (others.length > 0) more.push(`also: ${others.join('; ')}`)
  const parts = partsBetween(chain, input, stages, obstacles)
  if (parts.length > 0) more.push(`without ${others.length > 0 ? 'them' : 'it'}: ${parts.join('; ')}`)
  return new NotFused(reason, more)
}

/** What the calls between the obstacles would be. */
function partsBetween(
  chain: readonly Call[],
  { shape, gpu }: PlanInput,
  stages: readonly Stage[],
  obstacles: readonly Obstacle[],
): string[] {
  const parts: string[] = []
  let begin = 0
  for (const end of [...obstacles.map(({ place }) => place), chain.length]) {
    const between = stages.filter(({ place }) => place >= begin && place < end)
    const plan = planIfAny(between, { shape: begin === 0 ? shape : chain[begin - 1]!.to, gpu })
    if (plan !== undefined) {
      const range = end - begin === 1 ? `call ${end}` : `calls ${begin + 1} to ${end}`
      parts.push(`${range} as ${plan.blocks.map(blockTitle).join(', ')}`)
    }
    begin = end + 1
  }
  return parts
}

function planIfAny(stages: readonly Stage[], { shape, gpu }: PlanInput): NativePlan | undefined {
  try {
    return graph.graphDescribe(graph.graphCreate(stages, shape, {}, gpu), shape[0]!)
  } catch {
    return undefined // what does not fit either is not told of
  }
}
