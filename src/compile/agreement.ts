import type { Tensor } from '../tensor/tensor'
import { NotFused } from './recording'

/** Of the largest output, where that is above 1: what a fused forward may differ from the eager one by when it is recorded. */
const TOLERANCE = 1e-4

/** How far a fused output is from eager's; `NotFused` where that is too far to be believed. */
export function needAgreement(expected: Tensor, result: Tensor): number {
  if (expected.shape.join() !== result.shape.join() || expected.dtype !== result.dtype) {
    throw new NotFused(`the fused output is [${result.shape.join(', ')}], not [${expected.shape.join(', ')}]`)
  }
  if (expected.numel() === 0) return 0
  const apart = expected.sub(result).abs().max().item() as number
  const size = Math.max(1, expected.abs().max().item() as number)
  if (!(apart <= TOLERANCE * size) && Number.isFinite(size)) {
    throw new NotFused(`the fused output differs from eager's by ${apart}`)
  }
  return apart
}
