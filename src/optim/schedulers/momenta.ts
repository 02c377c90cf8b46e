import { InvalidArgValueError } from '../../core/errors'
import { perGroup } from './arguments'
import { type AnyOptimizer, type Group, groupsOf } from './scheduler'

/** Writes a group's momentum, or, where the optimizer has `betas`, the first of them. */
export function setMomentum(group: Group, momentum: number): void {
  if (group.betas === undefined) group.momentum = momentum
  else group.betas = [momentum, (group.betas as readonly [number, number])[1]]
}

/**
 * The momenta that a schedule goes between, for each group, and whether they are first betas. Without a `lastEpoch`
 * the groups begin with the largest, and note both down.
 */
export function momentaOf(
  optimizer: AnyOptimizer,
  base: number | readonly number[],
  max: number | readonly number[],
  lastEpoch: number,
): { useBeta1: boolean; baseMomentums: number[]; maxMomentums: number[] } {
  const useBeta1 = 'betas' in optimizer.defaults
  if (!useBeta1 && !('momentum' in optimizer.defaults)) {
    throw new InvalidArgValueError('optimizer must support momentum or beta1 with `cycle_momentum` option enabled')
  }
  const baseMomentums = perGroup('base_momentum', optimizer, base)
  const maxMomentums = perGroup('max_momentum', optimizer, max)
  for (const [i, group] of groupsOf(optimizer).entries()) {
    if (lastEpoch !== -1) break
    setMomentum(group, maxMomentums[i]!)
    Object.assign(group, { maxMomentum: maxMomentums[i], baseMomentum: baseMomentums[i] })
  }
  return { useBeta1, baseMomentums, maxMomentums }
}
