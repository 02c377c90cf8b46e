import { product } from '../core/sizes'
import { Conv2d, Linear } from '../nn'
import type { Tensor } from '../tensor/tensor'
import { type Call, NotFused } from './recording'

/**
 * What fused blocks and eager multiply in a nanosecond of one thread of a processor with AVX-512, counted in the forward's
 * multiplications, as measured. Fused blocks win by what they do not write and do not call; libtorch's kernels catch up
 * where layers are wide. Only the ratios count, and they decide nothing near 1.
 */
const EAGER = {
  predict: { narrow: 12, medium: 20, wide: 50, widest: 50, linear: 50 },
  train: { narrow: 4, medium: 11, wide: 20, widest: 26, linear: 11 },
}
const FUSED = { predict: { conv: 52, patched: 60, linear: 55 }, train: { conv: 17, patched: 34, linear: 17 } }
/** What a weight costs a fused training step besides, in ns: its sums are wider than itself. */
const STEP_OF_LINEAR = 8
const STEP_OF_CONVOLUTION = 12
/** Linear layers with more weights do not stay in a cache, from which each tile of images takes them; eager takes them once. */
const CACHED_WEIGHTS = 1_000_000
const UNCACHED = 40
const MANY = 64

/**
 * The images that fused blocks compute side by side. Fewer than that go one by one (`native/graph/predictor_few.h`), which was
 * faster than eager for all networks that were measured on one thread: 17 times for the article's, 9 for LeNet-5, 2 to 2.6
 * for a VGG with 16, 32 and 64 channels, 1.1 to 1.4 with 64, 128 and 256; the worst were 12 images of 4x4 with 512 channels
 * (0.86).
 */
const TILE = 16
/** Networks with less to multiply for an image win by the calls they save. */
const SMALL = { predict: 300_000, train: 150_000 }

type Mode = 'predict' | 'train'

/** Refuses a chain that eager computes faster: the reason says so. `rows` are the inputs of one forward. */
export function refuseSlower(chain: readonly Call[], rows: number, mode: Mode): void {
  if (mode === 'predict' && rows < TILE) return
  let [all, fused, eager] = [0, 0, 0]
  for (const { layer, to } of chain) {
    if (!(layer instanceof Conv2d || layer instanceof Linear)) continue
    const weight = layer.weight as Tensor
    const weights = product(weight.shape as number[])
    const count = layer instanceof Conv2d ? (weights / weight.size(0)) * product(to.slice(1)) : weights
    const [quick, slow] = layer instanceof Conv2d ? ratesOf(weight, to, mode) : linearRates(weights, rows, mode)
    const step = layer instanceof Conv2d ? STEP_OF_CONVOLUTION : STEP_OF_LINEAR
    all += count
    fused += count / quick + (mode === 'train' ? (weights * step) / Math.max(rows, 1) : 0)
    eager += count / slow
  }
  if (all < SMALL[mode] || fused <= eager) return
  const millions = (all / 1e6).toFixed(1)
  throw new NotFused(`eager is faster: ${millions} million multiplications an input, in layers as wide as these`)
}

type Rates = [fused: number, eager: number]

function ratesOf(weight: Tensor, to: readonly number[], mode: Mode): Rates {
  const [out, channels, height, width] = weight.shape as readonly number[]
  const narrower = Math.min(out!, channels!)
  const rates = EAGER[mode]
  const eager = narrower < 8 ? rates.narrow : narrower < 32 ? rates.medium : narrower < 512 ? rates.wide : rates.widest
  // see `patched` in native/graph/kernels/kernels.h
  const patched = height === 3 && width === 3 && narrower >= 16 && to.slice(2).every(size => size % 2 === 0)
  return [patched ? FUSED[mode].patched : FUSED[mode].conv, eager]
}

function linearRates(weights: number, rows: number, mode: Mode): Rates {
  const fused = mode === 'predict' && weights > CACHED_WEIGHTS && rows >= MANY ? UNCACHED : FUSED[mode].linear
  return [fused, EAGER[mode].linear]
}
