/** Colours, as `torchvision.transforms.functional` on tensors `[..., 1 or 3, H, W]`. */
import { type DType, isFloating } from '../../core/dtype'
import { describe, InvalidArgTypeError, InvalidArgValueError } from '../../core/errors'
import { check } from '../../core/options'
import { callOperator } from '../../ops/registry'
import { arange, type Tensor } from '../../tensor'
import { convertImageDtype } from './functional'
import { dimensionsOf, maxValue } from './image'

const stack = (tensors: readonly Tensor[], dim: number) => callOperator('aten::stack', '', [tensors, dim]) as Tensor
const floating = (image: Tensor) => (isFloating(image.dtype) ? image : (image.to('float32') as Tensor))
const channelsOf = (image: Tensor) => image.unbind(-3) as unknown as [Tensor, Tensor, Tensor]

function checkChannels(what: string, image: Tensor): number {
  const [channels] = dimensionsOf(what, image)
  if (channels === 1 || channels === 3) return channels
  throw new InvalidArgTypeError(`${what}: input image tensor permitted channel values are 1, 3, but found ${channels}`)
}

const FACTOR = ['a number of at least 0', (v: unknown) => Number.isFinite(v) && (v as number) >= 0] as const

/** The brightness of a colour image, in 1 or 3 channels; an image of one channel stays as it is. */
export function rgbToGrayscale(image: Tensor, numOutputChannels: 1 | 3 = 1): Tensor {
  const channels = checkChannels('rgbToGrayscale', image)
  if (image.ndim < 3) {
    throw new InvalidArgTypeError(`Input image tensor should have at least 3 dimensions, but found ${image.ndim}`)
  }
  if (numOutputChannels !== 1 && numOutputChannels !== 3) {
    throw new InvalidArgValueError(`num_output_channels should be either 1 or 3, got ${describe(numOutputChannels)}`)
  }
  let gray = image
  if (channels === 3) {
    const [r, g, b] = channelsOf(floating(image))
    const sum = r.mul(0.2989).add(g.mul(0.587)).add(b.mul(0.114))
    gray = sum.to(image.dtype as DType).unsqueeze(-3) as Tensor
  } else {
    gray = image.clone() as Tensor
  }
  if (numOutputChannels === 1) return gray
  return gray.expand([...image.shape]) as Tensor // an image of one channel keeps it, as in torchvision
}

function blend(image: Tensor, other: Tensor, ratio: number): Tensor {
  const mixed = floating(image)
    .mul(ratio)
    .add(floating(other).mul(1 - ratio)) as Tensor
  return mixed.clamp(0, maxValue(image.dtype)).to(image.dtype as DType) as Tensor
}

/** `factor` 0 is black, 1 the image. */
export function adjustBrightness(image: Tensor, factor: number): Tensor {
  check('adjustBrightness', 'factor', factor, FACTOR)
  checkChannels('adjustBrightness', image)
  return blend(image, callOperator('aten::zeros_like', '', [image]) as Tensor, factor)
}

/** `factor` 0 is one grey, 1 the image. */
export function adjustContrast(image: Tensor, factor: number): Tensor {
  check('adjustContrast', 'factor', factor, FACTOR)
  const channels = checkChannels('adjustContrast', image)
  const gray = channels === 3 ? rgbToGrayscale(image) : image
  return blend(image, floating(gray).mean([-3, -2, -1], true) as Tensor, factor)
}

/** `factor` 0 is without colours, 1 the image. */
export function adjustSaturation(image: Tensor, factor: number): Tensor {
  check('adjustSaturation', 'factor', factor, FACTOR)
  if (checkChannels('adjustSaturation', image) === 1) return image
  return blend(image, rgbToGrayscale(image), factor)
}

/** Turns the colours round their circle: `factor` from -0.5 to 0.5. */
export function adjustHue(image: Tensor, factor: number): Tensor {
  const half = ['a number from -0.5 to 0.5', (v: unknown) => Math.abs(v as number) <= 0.5] as const
  check('adjustHue', 'factor', factor, half)
  if (checkChannels('adjustHue', image) === 1) return image
  const [h, s, v] = hsvOf(convertImageDtype(image, 'float32'))
  return convertImageDtype(rgbOf(h.add(factor).remainder(1) as Tensor, s, v), image.dtype as DType)
}

function hsvOf(image: Tensor): [Tensor, Tensor, Tensor] {
  const [r, g, b] = channelsOf(image)
  const most = image.amax([-3]) as Tensor
  const least = image.amin([-3]) as Tensor
  const gray = most.eq(least) as Tensor
  const range = most.sub(least) as Tensor
  const ones = most.mul(0).add(1) as Tensor
  const where = (then: Tensor, otherwise: Tensor) =>
    callOperator('aten::where', 'self', [gray, then, otherwise]) as Tensor
  const s = range.div(where(ones, most)) as Tensor
  const divisor = where(ones, range)
  const [rc, gc, bc] = [r, g, b].map(channel => most.sub(channel).div(divisor) as Tensor) as [Tensor, Tensor, Tensor]
  const isRed = most.eq(r) as Tensor
  const isGreen = most.eq(g).logicalAnd(isRed.logicalNot()) as Tensor
  const isBlue = most.ne(g).logicalAnd(isRed.logicalNot()) as Tensor
  const hr = isRed.mul(bc.sub(gc)) as Tensor
  const hg = isGreen.mul(rc.add(2).sub(bc)) as Tensor
  const hb = isBlue.mul(gc.add(4).sub(rc)) as Tensor
  const h = hr.add(hg).add(hb).div(6).add(1).fmod(1) as Tensor
  return [h, s, most]
}

function rgbOf(h: Tensor, s: Tensor, v: Tensor): Tensor {
  const six = h.mul(6) as Tensor
  const i = six.floor() as Tensor
  const f = six.sub(i) as Tensor
  const sector = i.to('int32').remainder(6) as Tensor
  const one = (t: Tensor) => t.neg().add(1) as Tensor
  const p = v.mul(one(s)).clamp(0, 1) as Tensor
  const q = v.mul(one(s.mul(f) as Tensor)).clamp(0, 1) as Tensor
  const t = v.mul(one(s.mul(one(f)) as Tensor)).clamp(0, 1) as Tensor
  const mask = sector.unsqueeze(-3).eq((arange(6) as Tensor).view([-1, 1, 1])) as Tensor
  const colours = [
    [v, q, p, p, t, v],
    [t, v, v, q, p, p],
    [p, p, t, v, v, q],
  ].map(row => stack(row, -3))
  const weights = mask.to(h.dtype as DType).unsqueeze(-4) as Tensor
  return stack(colours, -4).mul(weights).sum([-3]) as Tensor
}
