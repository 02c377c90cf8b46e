import { describe, InvalidArgTypeError, InvalidArgValueError } from '../../core/errors'
import { check, is, mergeArguments } from '../../core/options'
import { randperm, type Tensor, tensor } from '../../tensor'
import { portableClass } from '../portable'
import { adjustBrightness, adjustContrast, adjustHue, adjustSaturation } from './color'
import {
  crop,
  hflip,
  type Interpolation,
  type Padding,
  type PaddingMode,
  pad,
  resize,
  rotate,
  vflip,
} from './functional'
import {
  checkProbability,
  dimensionsOf,
  drawInteger,
  drawSource,
  drawUniform,
  drawUnit,
  isRange,
  pairOf,
  roundHalfEven,
  type Size,
} from './image'
import { shown, shownFloat, Transform } from './transform'

abstract class RandomFlip extends Transform {
  /** The probability of a flip; default 0.5. */
  readonly p: number

  constructor(...args: [(number | { p?: number })?]) {
    super()
    const { p = 0.5 } = mergeArguments(new.target.name, ['p'], args)
    this.p = checkProbability(new.target.name, p)
  }

  protected flips(): boolean {
    return drawUnit() < Math.fround(this.p)
  }

  override toString(): string {
    return `${this.constructor.name}(p=${this.p})`
  }
}

/** Mirrors the columns, or not. */
export class RandomHorizontalFlip extends RandomFlip {
  forward(image: Tensor): Tensor {
    return this.flips() ? hflip(image) : image
  }
}

/** Mirrors the rows, or not. */
export class RandomVerticalFlip extends RandomFlip {
  forward(image: Tensor): Tensor {
    return this.flips() ? vflip(image) : image
  }
}

/** Options of `RandomCrop`. */
export interface RandomCropOptions {
  /** What is put around images first; default none. */
  padding?: Padding | null
  /** Whether images that are too small are padded; default false. */
  padIfNeeded?: boolean
  fill?: number
  paddingMode?: PaddingMode
}

/**
 * A part of an image at a random place.
 *
 * `forward` throws `ERR_INVALID_ARG_VALUE` where the image is smaller.
 *
 * @see https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.RandomCrop.html
 * @example
 * new data.transforms.RandomCrop(32, { padding: 4 })
 */
export class RandomCrop extends Transform {
  readonly size: readonly [number, number]
  readonly padding: Padding | null
  readonly padIfNeeded: boolean
  readonly fill: number
  readonly paddingMode: PaddingMode

  constructor(
    size: Size,
    ...args:
      | [RandomCropOptions?]
      | [Padding | null, Omit<RandomCropOptions, 'padding'>?]
      | [Padding | null, boolean, number?, PaddingMode?]
  ) {
    super()
    const names = ['size', 'padding', 'padIfNeeded', 'fill', 'paddingMode']
    const merged = mergeArguments('RandomCrop', names, [size, ...args])
    const { padding = null, padIfNeeded = false, fill = 0, paddingMode = 'constant' } = merged
    this.size = pairOf('RandomCrop', 'size', size)
    check('RandomCrop', 'padIfNeeded', padIfNeeded, is.boolean)
    check('RandomCrop', 'fill', fill, is.finite)
    check('RandomCrop', 'paddingMode', paddingMode, is.oneOf('constant', 'edge', 'reflect', 'symmetric'))
    this.padding = padding as Padding | null
    this.padIfNeeded = padIfNeeded as boolean
    this.fill = fill as number
    this.paddingMode = paddingMode as PaddingMode
  }

  forward(image: Tensor): Tensor {
    const { padding, padIfNeeded, fill, paddingMode } = this
    const [th, tw] = this.size
    let padded = padding === null ? image : pad(image, padding, fill, paddingMode)
    let [, h, w] = dimensionsOf('RandomCrop', padded)
    if (padIfNeeded && w < tw) padded = pad(padded, [tw - w, 0], fill, paddingMode)
    if (padIfNeeded && h < th) padded = pad(padded, [0, th - h], fill, paddingMode)
    ;[, h, w] = dimensionsOf('RandomCrop', padded)
    if (h < th || w < tw) {
      throw new InvalidArgValueError(`Required crop size (${th}, ${tw}) is larger than input image size (${h}, ${w})`)
    }
    if (h === th && w === tw) return padded
    const top = drawInteger(h - th + 1)
    const left = drawInteger(w - tw + 1)
    return crop(padded, top, left, th, tw)
  }

  override toString(): string {
    return `RandomCrop(size=${shown(this.size)}, padding=${shown(this.padding)})`
  }
}

/** Options of `RandomResizedCrop`. */
export interface RandomResizedCropOptions {
  /** The least and the greatest share of the image's area; default `[0.08, 1]`. */
  scale?: readonly [number, number]
  /** The least and the greatest ratio of width and height; default `[3 / 4, 4 / 3]`. */
  ratio?: readonly [number, number]
  interpolation?: Interpolation
  antialias?: boolean
}

/**
 * A random part of an image, resized.
 *
 * @see https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.RandomResizedCrop.html
 */
export class RandomResizedCrop extends Transform {
  readonly size: readonly [number, number]
  readonly scale: readonly [number, number]
  readonly ratio: readonly [number, number]
  readonly interpolation: Interpolation
  readonly antialias: boolean

  constructor(size: Size, options: RandomResizedCropOptions = {}) {
    super()
    const names = ['size', 'scale', 'ratio', 'interpolation', 'antialias']
    const merged = mergeArguments('RandomResizedCrop', names, [size, options])
    const { scale = [0.08, 1], ratio = [3 / 4, 4 / 3], interpolation = 'bilinear', antialias = true } = merged
    this.size = pairOf('RandomResizedCrop', 'size', size)
    check('RandomResizedCrop', 'scale', scale, ['[least, greatest]', isRange])
    check('RandomResizedCrop', 'ratio', ratio, ['[least, greatest]', isRange])
    const modes = is.oneOf('nearest', 'nearest-exact', 'bilinear', 'bicubic')
    check('RandomResizedCrop', 'interpolation', interpolation, modes)
    check('RandomResizedCrop', 'antialias', antialias, is.boolean)
    this.scale = scale as [number, number]
    this.ratio = ratio as [number, number]
    this.interpolation = interpolation as Interpolation
    this.antialias = antialias as boolean
  }

  forward(image: Tensor): Tensor {
    const [top, left, height, width] = this.#part(image)
    const { interpolation, antialias } = this
    return resize(crop(image, top, left, height, width), this.size, { interpolation, antialias })
  }

  #part(image: Tensor): [number, number, number, number] {
    const [, height, width] = dimensionsOf('RandomResizedCrop', image)
    const { scale, ratio } = this
    const [low, high] = (tensor([...ratio]) as Tensor).log().tolist() as [number, number]
    for (let i = 0; i < 10; i++) {
      const area = height * width * drawUniform(...scale)
      const aspect = (tensor([drawUniform(low, high)]) as Tensor).exp().item() as number
      const w = roundHalfEven(Math.sqrt(area * aspect))
      const h = roundHalfEven(Math.sqrt(area / aspect))
      if (w > 0 && w <= width && h > 0 && h <= height) {
        const top = drawInteger(height - h + 1)
        return [top, drawInteger(width - w + 1), h, w]
      }
    }
    let [h, w] = [height, width]
    if (width / height < ratio[0]) h = roundHalfEven(w / Math.min(...ratio))
    else if (width / height > ratio[1]) w = roundHalfEven(h * Math.max(...ratio))
    return [Math.floor((height - h) / 2), Math.floor((width - w) / 2), h, w]
  }

  override toString(): string {
    const rounded = (values: readonly number[]) => `(${values.map(v => shownFloat(Number(v.toFixed(4)))).join(', ')})`
    const { size, scale, ratio, interpolation, antialias } = this
    const detail = `size=${shown(size)}, scale=${rounded(scale)}, ratio=${rounded(ratio)}`
    return `RandomResizedCrop(${detail}, interpolation=${interpolation}, antialias=${shown(antialias)})`
  }
}

/** Options of `RandomRotation`. */
export interface RandomRotationOptions {
  interpolation?: 'nearest' | 'bilinear'
  expand?: boolean
  center?: readonly [number, number] | null
  fill?: number | readonly number[]
}

/**
 * Turns images by an angle between `-degrees` and `degrees`, or between two.
 *
 * @see https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.RandomRotation.html
 */
export class RandomRotation extends Transform {
  readonly degrees: readonly [number, number]
  readonly interpolation: 'nearest' | 'bilinear'
  readonly expand: boolean
  readonly center: readonly [number, number] | null
  readonly fill: number | readonly number[]

  constructor(degrees: number | readonly [number, number], options: RandomRotationOptions = {}) {
    super()
    const names = ['degrees', 'interpolation', 'expand', 'center', 'fill']
    const merged = mergeArguments('RandomRotation', names, [degrees, options])
    const { interpolation = 'nearest', expand = false, center = null, fill = 0 } = merged
    if (typeof degrees === 'number' && degrees < 0) {
      throw new InvalidArgValueError('If degrees is a single number, it must be positive.')
    }
    if (!Number.isFinite(degrees) && !isRange(degrees)) {
      throw new InvalidArgTypeError(
        `RandomRotation: 'degrees' must be a number or [least, greatest], got ${describe(degrees)}`,
      )
    }
    check('RandomRotation', 'interpolation', interpolation, is.oneOf('nearest', 'bilinear'))
    check('RandomRotation', 'expand', expand, is.boolean)
    check('RandomRotation', 'center', center, ['[x, y] or null', v => v === null || isRange(v)])
    const fills = (v: unknown) => Number.isFinite(v) || (Array.isArray(v) && v.every(Number.isFinite))
    check('RandomRotation', 'fill', fill, ['a number or an array of numbers', fills])
    this.degrees = typeof degrees === 'number' ? [-degrees, degrees] : degrees
    this.interpolation = interpolation as 'nearest' | 'bilinear'
    this.expand = expand as boolean
    this.center = center as [number, number] | null
    this.fill = fill as number | readonly number[]
  }

  forward(image: Tensor): Tensor {
    const [channels] = dimensionsOf('RandomRotation', image)
    const { interpolation, expand, center } = this
    const fill = typeof this.fill === 'number' ? Array<number>(channels).fill(this.fill) : this.fill
    return rotate(image, drawUniform(...this.degrees), { interpolation, expand, center, fill })
  }

  override toString(): string {
    const { degrees, interpolation, expand, center, fill } = this
    const where = center === null ? '' : `, center=${shown(center)}`
    const detail = `degrees=[${degrees.map(shownFloat).join(', ')}], interpolation=${interpolation}, expand=${shown(expand)}`
    return `RandomRotation(${detail}${where}, fill=${shown(fill)})`
  }
}

/** How much to change; a number or `[least, greatest]`. */
export interface ColorJitterOptions {
  brightness?: number | readonly [number, number]
  contrast?: number | readonly [number, number]
  saturation?: number | readonly [number, number]
  hue?: number | readonly [number, number]
}

type Range = readonly [number, number] | null

/**
 * Changes brightness, contrast, saturation and hue at random, in a random order.
 *
 * @see https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.ColorJitter.html
 */
export class ColorJitter extends Transform {
  readonly brightness: Range
  readonly contrast: Range
  readonly saturation: Range
  readonly hue: Range

  constructor(...args: [ColorJitterOptions?] | number[]) {
    super()
    const merged = mergeArguments('ColorJitter', ['brightness', 'contrast', 'saturation', 'hue'], args)
    this.brightness = factorsOf('brightness', merged.brightness ?? 0)
    this.contrast = factorsOf('contrast', merged.contrast ?? 0)
    this.saturation = factorsOf('saturation', merged.saturation ?? 0)
    this.hue = factorsOf('hue', merged.hue ?? 0, 0, [-0.5, 0.5])
  }

  forward(image: Tensor): Tensor {
    const order = (randperm(4, { generator: drawSource() }) as Tensor).tolist() as number[]
    const steps = [
      [this.brightness, adjustBrightness],
      [this.contrast, adjustContrast],
      [this.saturation, adjustSaturation],
      [this.hue, adjustHue],
    ] as const
    // all are drawn before any is applied
    const factors = steps.map(([range]) => (range === null ? null : drawUniform(...range)))
    return order.reduce((made, i) => {
      const factor = factors[i]!
      return factor === null ? made : steps[i]![1](made, factor)
    }, image)
  }

  override toString(): string {
    const text = (range: Range) => (range === null ? 'None' : `(${range.map(shownFloat).join(', ')})`)
    const { brightness, contrast, saturation, hue } = this
    const detail = `brightness=${text(brightness)}, contrast=${text(contrast)}, saturation=${text(saturation)}`
    return `ColorJitter(${detail}, hue=${text(hue)})`
  }
}

function factorsOf(name: string, value: unknown, middle = 1, bounds = [0, Number.POSITIVE_INFINITY]): Range {
  if (typeof value === 'number' && value < 0) {
    throw new InvalidArgValueError(`If ${name} is a single number, it must be non negative.`)
  }
  if (!Number.isFinite(value) && !isRange(value)) {
    throw new InvalidArgTypeError(`${name} should be a single number or an array of two, got ${describe(value)}`)
  }
  const spread = value as number
  const [low, high] = isRange(value)
    ? value
    : [middle === 1 ? Math.max(middle - spread, 0) : middle - spread, middle + spread]
  if (!(bounds[0]! <= low && low <= high && high <= bounds[1]!)) {
    throw new InvalidArgValueError(`${name} values should be between ${shown(bounds)}, but got ${shown([low, high])}.`)
  }
  return low === middle && high === middle ? null : [low, high]
}

portableClass(RandomHorizontalFlip, ({ p }) => [p])
portableClass(RandomVerticalFlip, ({ p }) => [p])
portableClass(RandomCrop, ({ size, padding, padIfNeeded, fill, paddingMode }) => [
  size,
  padding,
  padIfNeeded,
  fill,
  paddingMode,
])
portableClass(RandomResizedCrop, ({ size, scale, ratio, interpolation, antialias }) => [
  size,
  { scale, ratio, interpolation, antialias },
])
portableClass(RandomRotation, ({ degrees, interpolation, expand, center, fill }) => [
  degrees,
  { interpolation, expand, center, fill },
])
portableClass(ColorJitter, ({ brightness, contrast, saturation, hue }) => [
  { brightness: brightness ?? 0, contrast: contrast ?? 0, saturation: saturation ?? 0, hue: hue ?? 0 },
])
