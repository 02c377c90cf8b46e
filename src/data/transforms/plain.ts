import type { DType } from '../../core/dtype'
import { dtypeCode } from '../../core/dtype'
import { describe, InvalidArgTypeError } from '../../core/errors'
import { check, is, mergeArguments } from '../../core/options'
import type { Tensor } from '../../tensor'
import { after, isPromise } from '../eventually'
import { portableClass } from '../portable'
import type { Eventually } from '../types'
import { rgbToGrayscale } from './color'
import {
  centerCrop,
  convertImageDtype,
  type Interpolation,
  normalize,
  type Padding,
  type PaddingMode,
  pad,
  resize,
  toTensor,
} from './functional'
import { pairOf, type Size } from './image'
import { checkTransform, shown, Transform, type TransformLike, transformed } from './transform'

/**
 * Several transforms one after another.
 *
 * @see https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.Compose.html
 * @example
 * const { Compose, RandomHorizontalFlip, ToTensor, Normalize } = data.transforms
 * const transform = new Compose([new RandomHorizontalFlip(), new ToTensor(), new Normalize([0.5], [0.5])])
 * transform.forward(torch.zeros([1, 28, 28], { dtype: 'uint8' })) // float32 [1, 28, 28] of -1
 */
export class Compose {
  readonly transforms: readonly TransformLike[]

  constructor(transforms: readonly TransformLike[]) {
    if (!Array.isArray(transforms)) {
      throw new InvalidArgTypeError(`Compose takes an array of transforms, got ${describe(transforms)}`)
    }
    this.transforms = transforms.map(transform => checkTransform('Compose', transform))
  }

  /** A promise where one of them gives one. */
  forward(image: any): any {
    let value: Eventually<unknown> = image
    for (const transform of this.transforms) {
      value = isPromise(value) ? after(value, made => transformed(transform, made)) : transformed(transform, value)
    }
    return value
  }

  toString(): string {
    const lines = this.transforms.map(transform => `    ${String(transform)}\n`)
    return `Compose(\n${lines.join('')})`
  }
}

/** Applies a function; as `torchvision.transforms.Lambda`. */
export class Lambda<In = any, Out = any> {
  readonly lambd: (image: In) => Out

  constructor(lambd: (image: In) => Out) {
    check('Lambda', 'lambd', lambd, ['a function', value => typeof value === 'function'])
    this.lambd = lambd
  }

  forward(image: In): Out {
    return this.lambd(image)
  }

  toString(): string {
    return 'Lambda()'
  }
}

/**
 * Images of uint8 become float32 from 0 to 1, `[H, W]` becomes `[1, H, W]`; other dtypes stay.
 *
 * @see https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.ToTensor.html
 */
export class ToTensor extends Transform {
  forward(image: Tensor): Tensor {
    return toTensor(image)
  }

  override toString(): string {
    return 'ToTensor()'
  }
}

/**
 * `(image - mean) / std`, channel by channel.
 *
 * `forward` throws `ERR_INVALID_ARG_TYPE` for an image that is not floating, `ERR_INVALID_ARG_VALUE` for a `std` of 0.
 *
 * @see https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.Normalize.html
 */
export class Normalize extends Transform {
  readonly mean: readonly number[]
  readonly std: readonly number[]

  constructor(mean: readonly number[], std: readonly number[]) {
    super()
    const numbers = ['an array of numbers', (v: unknown) => Array.isArray(v) && v.every(Number.isFinite)] as const
    check('Normalize', 'mean', mean, numbers)
    check('Normalize', 'std', std, numbers)
    this.mean = mean
    this.std = std
  }

  forward(image: Tensor): Tensor {
    return normalize(image, this.mean, this.std)
  }

  override toString(): string {
    return `Normalize(mean=${shown(this.mean)}, std=${shown(this.std)})`
  }
}

/** Another dtype and its range; see `functional.convertImageDtype`. */
export class ConvertImageDtype extends Transform {
  readonly dtype: DType

  constructor(dtype: DType) {
    super()
    dtypeCode(dtype)
    this.dtype = dtype
  }

  forward(image: Tensor): Tensor {
    return convertImageDtype(image, this.dtype)
  }

  override toString(): string {
    return 'ConvertImageDtype()'
  }
}

/** The middle of an image. */
export class CenterCrop extends Transform {
  readonly size: readonly [number, number]

  constructor(size: Size) {
    super()
    this.size = pairOf('CenterCrop', 'size', size)
  }

  forward(image: Tensor): Tensor {
    return centerCrop(image, this.size)
  }

  override toString(): string {
    return `CenterCrop(size=${shown(this.size)})`
  }
}

/**
 * Another size: `[height, width]`, or for one number the smaller side's.
 *
 * @see https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.Resize.html
 */
export class Resize extends Transform {
  readonly size: number | readonly number[]
  readonly interpolation: Interpolation
  readonly maxSize: number | null
  readonly antialias: boolean

  constructor(
    size: number | readonly number[],
    ...args:
      | [{ interpolation?: Interpolation; maxSize?: number | null; antialias?: boolean }?]
      | [Interpolation, { maxSize?: number | null; antialias?: boolean }?]
      | [Interpolation, number | null, boolean?]
  ) {
    super()
    const names = ['size', 'interpolation', 'maxSize', 'antialias']
    const merged = mergeArguments('Resize', names, [size, ...args])
    const { interpolation = 'bilinear', maxSize = null, antialias = true } = merged
    check('Resize', 'interpolation', interpolation, is.oneOf('nearest', 'nearest-exact', 'bilinear', 'bicubic'))
    check('Resize', 'antialias', antialias, is.boolean)
    check('Resize', 'maxSize', maxSize, ['an integer of at least 1 or null', v => v === null || is.positive[1](v)])
    const sizes = Array.isArray(size) ? size : [size]
    if (![1, 2].includes(sizes.length) || !sizes.every(is.positive[1])) pairOf('Resize', 'size', size)
    this.size = size
    this.interpolation = interpolation as Interpolation
    this.maxSize = maxSize as number | null
    this.antialias = antialias as boolean
  }

  forward(image: Tensor): Tensor {
    return resize(image, this.size, this)
  }

  override toString(): string {
    const { size, interpolation, maxSize, antialias } = this
    const detail = `size=${shown(size)}, interpolation=${interpolation}, max_size=${shown(maxSize)}`
    return `Resize(${detail}, antialias=${shown(antialias)})`
  }
}

/** Puts a border around images. */
export class Pad extends Transform {
  readonly padding: Padding
  readonly fill: number
  readonly paddingMode: PaddingMode

  constructor(
    padding: Padding,
    ...args:
      | [{ fill?: number; paddingMode?: PaddingMode }?]
      | [number, { paddingMode?: PaddingMode }?]
      | [number, PaddingMode]
  ) {
    super()
    const merged = mergeArguments('Pad', ['padding', 'fill', 'paddingMode'], [padding, ...args], 1)
    const { fill = 0, paddingMode = 'constant' } = merged
    check('Pad', 'fill', fill, is.finite)
    check('Pad', 'paddingMode', paddingMode, is.oneOf('constant', 'edge', 'reflect', 'symmetric'))
    this.padding = padding
    this.fill = fill as number
    this.paddingMode = paddingMode as PaddingMode
  }

  forward(image: Tensor): Tensor {
    return pad(image, this.padding, this.fill, this.paddingMode)
  }

  override toString(): string {
    return `Pad(padding=${shown(this.padding)}, fill=${this.fill}, padding_mode=${this.paddingMode})`
  }
}

/** Images without colours, in 1 or 3 channels. */
export class Grayscale extends Transform {
  readonly numOutputChannels: 1 | 3

  constructor(...args: [(1 | 3 | { numOutputChannels?: 1 | 3 })?]) {
    super()
    const { numOutputChannels = 1 } = mergeArguments('Grayscale', ['numOutputChannels'], args)
    check('Grayscale', 'numOutputChannels', numOutputChannels, ['1 or 3', v => v === 1 || v === 3])
    this.numOutputChannels = numOutputChannels as 1 | 3
  }

  forward(image: Tensor): Tensor {
    return rgbToGrayscale(image, this.numOutputChannels)
  }

  override toString(): string {
    return `Grayscale(num_output_channels=${this.numOutputChannels})`
  }
}

portableClass(Compose, ({ transforms }) => [transforms])
portableClass(Lambda, ({ lambd }) => [lambd])
portableClass(ToTensor, () => [])
portableClass(Normalize, ({ mean, std }) => [mean, std])
portableClass(ConvertImageDtype, ({ dtype }) => [dtype])
portableClass(CenterCrop, ({ size }) => [size])
portableClass(Resize, ({ size, interpolation, maxSize, antialias }) => [size, interpolation, maxSize, antialias])
portableClass(Pad, ({ padding, fill, paddingMode }) => [padding, fill, paddingMode])
portableClass(Grayscale, ({ numOutputChannels }) => [numOutputChannels])
