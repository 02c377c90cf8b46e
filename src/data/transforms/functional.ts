/** The functions behind `data.transforms`, as `torchvision.transforms.functional` on tensors `[..., C, H, W]`. */
import { type DType, isFloating } from '../../core/dtype'
import { describe, InvalidArgTypeError, InvalidArgValueError } from '../../core/errors'
import { check, is } from '../../core/options'
import { pad as padTensor } from '../../nn/functional'
import { callOperator } from '../../ops/registry'
import { isTensor, type Tensor, tensor } from '../../tensor'
import { dimensionsOf, maxValue, pairOf, roundHalfEven, type Size } from './image'

/** How pixels between pixels are made. */
export type Interpolation = 'nearest' | 'nearest-exact' | 'bilinear' | 'bicubic'
/** What is put around an image. */
export type PaddingMode = 'constant' | 'edge' | 'reflect' | 'symmetric'
/** One number for all sides, `[left/right, top/bottom]`, or `[left, top, right, bottom]`. */
export type Padding = number | readonly [number] | readonly [number, number] | readonly [number, number, number, number]

/** Mirrors the columns. */
export function hflip(image: Tensor): Tensor {
  dimensionsOf('hflip', image)
  return image.flip([-1]) as Tensor
}

/** Mirrors the rows. */
export function vflip(image: Tensor): Tensor {
  dimensionsOf('vflip', image)
  return image.flip([-2]) as Tensor
}

/** A part of an image, as a view; what lies outside of it is 0. */
export function crop(image: Tensor, top: number, left: number, height: number, width: number): Tensor {
  const [, h, w] = dimensionsOf('crop', image)
  const [right, bottom] = [left + width, top + height]
  const part = (t: number, b: number, l: number, r: number) =>
    image.narrow(-2, t, Math.max(b - t, 0)).narrow(-1, l, Math.max(r - l, 0)) as Tensor
  if (left >= 0 && top >= 0 && right <= w && bottom <= h) return part(top, bottom, left, right)
  const clip = (value: number, most: number) => Math.min(Math.max(value, 0), most)
  const inside = part(clip(top, h), clip(bottom, h), clip(left, w), clip(right, w))
  return pad(inside, [
    Math.max(-left + Math.min(0, right), 0),
    Math.max(-top + Math.min(0, bottom), 0),
    Math.max(right - Math.max(w, left), 0),
    Math.max(bottom - Math.max(h, top), 0),
  ])
}

/** The middle of an image; a smaller image is padded with 0 first. */
export function centerCrop(image: Tensor, size: Size): Tensor {
  const [height, width] = pairOf('centerCrop', 'size', size)
  let [, h, w] = dimensionsOf('centerCrop', image)
  let padded = image
  if (width > w || height > h) {
    const [x, y] = [Math.max(width - w, 0), Math.max(height - h, 0)]
    padded = pad(image, [Math.floor(x / 2), Math.floor(y / 2), Math.floor((x + 1) / 2), Math.floor((y + 1) / 2)])
    ;[, h, w] = dimensionsOf('centerCrop', padded)
    if (width === w && height === h) return padded
  }
  return crop(padded, roundHalfEven((h - height) / 2), roundHalfEven((w - width) / 2), height, width)
}

/** Puts `fill`, or what lies at the edges, around an image. */
export function pad(image: Tensor, padding: Padding, fill = 0, paddingMode: PaddingMode = 'constant'): Tensor {
  dimensionsOf('pad', image)
  const sides = sidesOf(padding)
  check('pad', 'fill', fill, is.finite)
  check('pad', 'paddingMode', paddingMode, is.oneOf('constant', 'edge', 'reflect', 'symmetric'))
  if (paddingMode === 'symmetric') return padSymmetric(image, sides)
  const [left, top, right, bottom] = sides
  const batch = image.ndim < 4 ? (image.unsqueeze(0) as Tensor) : image
  const cast = paddingMode !== 'constant' && image.dtype !== 'float32' && image.dtype !== 'float64'
  const mode = paddingMode === 'edge' ? 'replicate' : paddingMode
  const from = cast ? (batch.to('float32') as Tensor) : batch
  const options = mode === 'constant' ? { mode, value: fill } : { mode }
  const padded = padTensor(from, [left, right, top, bottom], options as { mode: 'constant' }) as Tensor
  const back = cast ? (padded.to(image.dtype) as Tensor) : padded
  return image.ndim < 4 ? (back.squeeze(0) as Tensor) : back
}

/** `[left, top, right, bottom]` */
function sidesOf(padding: unknown): [number, number, number, number] {
  const sides: unknown[] = Array.isArray(padding) ? padding : [padding]
  if (!sides.every(side => Number.isSafeInteger(side)) || ![1, 2, 4].includes(sides.length)) {
    throw new InvalidArgTypeError(`Padding must be an integer or 1, 2, or 4 of them, got ${describe(padding)}`)
  }
  const [a, b = a, c = a, d = b] = sides as number[]
  return [a!, b!, c!, d!]
}

function padSymmetric(image: Tensor, [left, top, right, bottom]: [number, number, number, number]): Tensor {
  const [, h, w] = dimensionsOf('pad', image)
  if (Math.max(left, right) > w || Math.max(top, bottom) > h || Math.min(left, top, right, bottom) < 0) {
    throw new InvalidArgValueError(`pad: symmetric padding must be from 0 to the image's size, ${h} x ${w}`)
  }
  const places = (before: number, size: number, after: number) => {
    const mirrored = (length: number) => Array.from({ length }, (_, i) => i)
    const all = [...mirrored(before).reverse(), ...mirrored(size), ...mirrored(after).map(i => size - 1 - i)]
    return tensor(all.map(BigInt)) as Tensor
  }
  return image.indexSelect(-2, places(top, h, bottom)).indexSelect(-1, places(left, w, right)) as Tensor
}

/** Whether small pixels are averaged; the greatest length of the longer side. */
export interface ResizeOptions {
  interpolation?: Interpolation
  maxSize?: number | null
  antialias?: boolean
}

/** Makes an image larger or smaller: to `[height, width]`, or until its smaller side has `size` pixels. */
export function resize(image: Tensor, size: number | readonly number[], options: ResizeOptions = {}): Tensor {
  const { interpolation = 'bilinear', maxSize = null, antialias = true } = options
  const [, h, w] = dimensionsOf('resize', image)
  const [height, width] = resizedSize(h, w, size, maxSize)
  if (h === height && w === width) return image
  check('resize', 'interpolation', interpolation, is.oneOf('nearest', 'nearest-exact', 'bilinear', 'bicubic'))
  const [input, restore] = asFloatBatch(image, ['float32', 'float64'])
  const target = [height, width]
  const made =
    interpolation === 'nearest'
      ? callOperator('aten::upsample_nearest2d', '', [input, target])
      : interpolation === 'nearest-exact'
        ? callOperator('aten::_upsample_nearest_exact2d', '', [input, target])
        : callOperator(`aten::${antialias ? '_' : ''}upsample_${interpolation}2d${antialias ? '_aa' : ''}`, '', [
            input,
            target,
            false,
          ])
  const clamped = interpolation === 'bicubic' && image.dtype === 'uint8' ? (made as Tensor).clamp(0, 255) : made
  return restore(clamped as Tensor)
}

function resizedSize(h: number, w: number, size: unknown, maxSize: number | null): [number, number] {
  const sizes: unknown[] = Array.isArray(size) ? size : [size]
  if (!sizes.every(is.positive[1]) || sizes.length < 1 || sizes.length > 2) {
    throw new InvalidArgTypeError(
      `resize: 'size' must be an integer of at least 1 or [height, width], got ${describe(size)}`,
    )
  }
  if (sizes.length === 2) {
    if (maxSize !== null) throw new InvalidArgValueError('maxSize should only be passed if size is one integer')
    return sizes as [number, number]
  }
  let short = sizes[0] as number
  let long = Math.trunc((short * Math.max(h, w)) / Math.min(h, w))
  if (maxSize !== null) {
    if (maxSize <= short) {
      throw new InvalidArgValueError(
        `maxSize = ${maxSize} must be strictly greater than the requested size for the smaller edge size = ${short}`,
      )
    }
    if (long > maxSize) [short, long] = [Math.trunc((maxSize * short) / long), maxSize]
  }
  return w <= h ? [long, short] : [short, long]
}

/** The image as `[N, C, H, W]` of one of `dtypes`, and the way back (rounded where it was of integers). */
function asFloatBatch(image: Tensor, dtypes: readonly DType[]): [Tensor, (made: Tensor) => Tensor] {
  const { dtype, ndim } = image
  const cast = !dtypes.includes(dtype)
  const batch = ndim < 4 ? (image.unsqueeze(0) as Tensor) : image
  const restore = (made: Tensor) => {
    const plain = ndim < 4 ? (made.squeeze(0) as Tensor) : made
    return cast ? ((isFloating(dtype) ? plain : plain.round()).to(dtype) as Tensor) : plain
  }
  // two dimensions are one channel
  const whole = ndim === 2 ? (batch.unsqueeze(0) as Tensor) : batch
  return [
    cast ? (whole.to(dtypes[0]!) as Tensor) : whole,
    made => restore(ndim === 2 ? (made.squeeze(0) as Tensor) : made),
  ]
}

/** How an image is turned. */
export interface RotateOptions {
  interpolation?: 'nearest' | 'bilinear'
  /** Make the image as large as the turned one; default false. */
  expand?: boolean
  /** `[x, y]` of the point that stays; default the middle. */
  center?: readonly [number, number] | null
  /** What lies outside, one number or one a channel; default none, which is 0. */
  fill?: number | readonly number[] | null
}

/** Turns an image by degrees, against the clock. */
export function rotate(image: Tensor, angle: number, options: RotateOptions = {}): Tensor {
  const { interpolation = 'nearest', expand = false, center = null, fill = null } = options
  const [channels, h, w] = dimensionsOf('rotate', image)
  check('rotate', 'angle', angle, is.finite)
  check('rotate', 'interpolation', interpolation, is.oneOf('nearest', 'bilinear'))
  const fills = fill === null || typeof fill === 'number' ? fill : fill.length === 1 ? fill[0]! : fill
  if (Array.isArray(fills) && fills.length !== channels) {
    throw new InvalidArgValueError(
      `The number of elements in 'fill' cannot broadcast to match the number of channels of the image (${fills.length} != ${channels})`,
    )
  }
  const [x, y] = center === null ? [0, 0] : [center[0] - w * 0.5, center[1] - h * 0.5]
  const radians = -angle * (Math.PI / 180)
  const [cos, sin] = [Math.cos(radians), Math.sin(radians)]
  const matrix = [cos, sin, cos * -x + sin * -y + x, -sin, cos, -sin * -x + cos * -y + y]
  const dtype = isFloating(image.dtype) ? image.dtype : 'float32'
  const [ow, oh] = expand ? turnedSize(matrix, w, h) : [w, h]
  return sampled(image, affineGrid(matrix, dtype, [w, h], [ow, oh]), interpolation, fills)
}

function turnedSize(matrix: readonly number[], w: number, h: number): [number, number] {
  const corners = tensor([
    [-0.5 * w, -0.5 * h, 1],
    [-0.5 * w, 0.5 * h, 1],
    [0.5 * w, 0.5 * h, 1],
    [0.5 * w, -0.5 * h, 1],
  ]) as Tensor
  const theta = (tensor([...matrix]) as Tensor).view([2, 3]) as Tensor
  const middle = tensor([w * 0.5, h * 0.5]) as Tensor
  const turned = corners.matmul(theta.t()) as Tensor
  const most = turned.amax([0]).add(middle).div(1e-4).trunc().mul(1e-4).ceil() as Tensor
  const least = turned.amin([0]).add(middle).div(1e-4).trunc().mul(1e-4).floor() as Tensor
  return most.sub(least).tolist() as [number, number]
}

/** Where each pixel comes from, `[1, oh, ow, 2]`. */
function affineGrid(matrix: readonly number[], dtype: DType, [w, h]: number[], [ow, oh]: number[]): Tensor {
  const theta = (tensor([...matrix], { dtype }) as Tensor).reshape([1, 2, 3]) as Tensor
  const line = (n: number) =>
    callOperator('aten::linspace', '', [-n * 0.5 + 0.5, n * 0.5 + 0.5 - 1, n, 'float32']) as Tensor
  const xs = line(ow!).to(dtype).view([1, 1, ow!, 1]).expand([1, oh!, ow!, 1]) as Tensor
  const ys = line(oh!).to(dtype).view([1, oh!, 1, 1]).expand([1, oh!, ow!, 1]) as Tensor
  const base = callOperator('aten::cat', '', [[xs, ys, xs.mul(0).add(1)], 3]) as Tensor
  const scaled = theta.transpose(1, 2).div(tensor([0.5 * w!, 0.5 * h!], { dtype }) as Tensor) as Tensor
  return base
    .view([1, oh! * ow!, 3])
    .bmm(scaled)
    .view([1, oh!, ow!, 2]) as Tensor
}

function sampled(image: Tensor, grid: Tensor, mode: string, fill: number | readonly number[] | null): Tensor {
  const [input, restore] = asFloatBatch(image, [grid.dtype])
  const n = input.size(0)
  const places = n > 1 ? (grid.expand([n, grid.size(1), grid.size(2), 2]) as Tensor) : grid
  const sample = (from: Tensor) =>
    callOperator('aten::grid_sampler', '', [from, places, mode === 'nearest' ? 1 : 0, 0, false]) as Tensor
  if (fill === null) return restore(sample(input))
  const ones = input.narrow(1, 0, 1).mul(0).add(1)
  const both = sample(callOperator('aten::cat', '', [[input, ones], 1]) as Tensor)
  const channels = input.size(1)
  const made = both.narrow(1, 0, channels) as Tensor
  const mask = both.narrow(1, channels, 1).expand(made.shape) as Tensor
  const list = typeof fill === 'number' ? [fill] : [...fill]
  const filling = (tensor(list, { dtype: made.dtype }) as Tensor)
    .view([1, list.length, 1, 1])
    .expand(made.shape) as Tensor
  if (mode === 'nearest') return restore(callOperator('aten::where', 'self', [mask.lt(0.5), filling, made]) as Tensor)
  return restore(made.mul(mask).add(mask.neg().add(1).mul(filling)) as Tensor)
}

/** Another dtype, and its range: floating images go from 0 to 1, those of integers to their greatest value. */
export function convertImageDtype(image: Tensor, dtype: DType = 'float32'): Tensor {
  if (!isTensor(image)) throw new InvalidArgTypeError(`convertImageDtype takes a tensor, got ${describe(image)}`)
  const from = image.dtype
  if (from === dtype) return image
  if (isFloating(from)) {
    if (isFloating(dtype)) return image.to(dtype) as Tensor
    if ((from === 'float32' && (dtype === 'int32' || dtype === 'int64')) || (from === 'float64' && dtype === 'int64')) {
      throw new InvalidArgValueError(`The cast from ${from} to ${dtype} cannot be performed safely.`)
    }
    return image.mul(maxValue(dtype) + 1 - 1e-3).to(dtype) as Tensor
  }
  if (isFloating(dtype)) return image.to(dtype).div(maxValue(from)) as Tensor
  const [most, target] = [maxValue(from), maxValue(dtype)]
  if (most > target) {
    const factor = Math.floor((most + 1) / (target + 1))
    return (callOperator('aten::div', 'Scalar_mode', [image, factor, 'floor']) as Tensor).to(dtype) as Tensor
  }
  return image.to(dtype).mul(Math.floor((target + 1) / (most + 1))) as Tensor
}

/** Subtracts a mean and divides by a standard deviation, channel by channel. */
export function normalize(image: Tensor, mean: readonly number[], std: readonly number[]): Tensor {
  dimensionsOf('normalize', image)
  if (!isFloating(image.dtype)) {
    throw new InvalidArgTypeError(`Input tensor should be a float tensor. Got ${image.dtype}.`)
  }
  if (image.ndim < 3) {
    throw new InvalidArgValueError(
      `Expected tensor to be a tensor image of size (..., C, H, W). Got tensor.size() = (${image.shape.join(', ')})`,
    )
  }
  const { dtype, device } = image
  const perChannel = (values: readonly number[]) =>
    (tensor([...values], { dtype, device }) as Tensor).view([-1, 1, 1]) as Tensor
  const divisor = perChannel(std)
  if (divisor.eq(0).any().item()) {
    throw new InvalidArgValueError(`std evaluated to zero after conversion to ${dtype}, leading to division by zero.`)
  }
  return image.sub(perChannel(mean)).div(divisor) as Tensor
}

/** The image from 0 to 1 in float32 where it was of uint8, with its channels: `[H, W]` becomes `[1, H, W]`. */
export function toTensor(image: Tensor): Tensor {
  dimensionsOf('toTensor', image)
  const whole = image.ndim === 2 ? (image.unsqueeze(0) as Tensor) : image
  return whole.dtype === 'uint8' ? (whole.to('float32').div(255) as Tensor) : whole
}
