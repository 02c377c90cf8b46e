import { product } from '../core/sizes'
import { Conv2d, Linear } from '../nn'
import type { Tensor } from '../tensor/tensor'
import { type Call, NotFused } from './recording'

/**
 * What fused blocks and eager need, in multiplications a nanosecond, measured on two threads of a processor with AVX-512. The
 * fused blocks win by what they do not write and do not call; libtorch's kernels multiply faster where layers are wide. Only
 * the ratios count, and they decide nothing near 1.
 */
const FUSED = { predict: { conv: 52, linear: 52 }, train: { conv: 9, linear: 4.9 } }
const EAGER = {
  predict: { narrow: 22, medium: 40, wide: 70, linear: 70 },
  train: { narrow: 4, medium: 11, wide: 20, linear: 13 },
}
/** Between the narrow and the medium: the smaller number of channels of 8 to 15. */
const BELOW_MEDIUM = { predict: 22, train: 7 }
/**
 * The images that fused blocks compute side by side. Fewer than that go one by one (`native/graph/predictor_few.h`), which was
 * faster than eager for all networks that were measured on one thread: 17 times for the article's, 9 for LeNet-5, 2 to 2.6
 * for a VGG with 16, 32 and 64 channels, 1.1 to 1.4 with 64, 128 and 256; the worst were 12 images of 4x4 with 512 channels
 * (0.86).
 */
const TILE = 16
/** Networks with less to multiply for an image win by the calls they save. */
const SMALL = { predict: 300_000, train: 50_000 }

/** Refuses a chain that eager computes faster: the reason says so. `rows` are the inputs of one forward. */
export function refuseSlower(chain: readonly Call[], rows: number, mode: 'predict' | 'train'): void {
  if (mode === 'predict' && rows < TILE) return
  let [all, fused, eager] = [0, 0, 0]
  for (const { layer, to } of chain) {
    if (layer instanceof Conv2d) {
      const weight = layer.weight as Tensor
      const count = product(to.slice(1)) * product((weight.shape as number[]).slice(1))
      const width = Math.min(weight.size(0), weight.size(1))
      const rates = EAGER[mode]
      const rate = width < 8 ? rates.narrow : width < 16 ? BELOW_MEDIUM[mode] : width < 32 ? rates.medium : rates.wide
      all += count
      fused += count / FUSED[mode].conv
      eager += count / rate
    } else if (layer instanceof Linear) {
      const count = product(layer.weight.shape as readonly number[])
      all += count
      fused += count / FUSED[mode].linear
      eager += count / EAGER[mode].linear
    }
  }
  if (all < SMALL[mode] || fused <= eager) return
  const millions = (all / 1e6).toFixed(1)
  throw new NotFused(`eager is faster: ${millions} million multiplications an input, in layers as wide as these`)
}
