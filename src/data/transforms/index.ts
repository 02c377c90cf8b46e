/** Transforms of images, as `torchvision.transforms` on tensors `[..., C, H, W]`. */
import * as color from './color'
import * as geometry from './functional'

/** The functions behind the transforms, as `torchvision.transforms.functional`. */
export const functional = { ...geometry, ...color }

export type { Interpolation, Padding, PaddingMode, ResizeOptions, RotateOptions } from './functional'
export type { Size } from './image'
export {
  CenterCrop,
  Compose,
  ConvertImageDtype,
  Grayscale,
  Lambda,
  Normalize,
  Pad,
  Resize,
  ToTensor,
} from './plain'
export {
  ColorJitter,
  type ColorJitterOptions,
  RandomCrop,
  type RandomCropOptions,
  RandomHorizontalFlip,
  RandomResizedCrop,
  type RandomResizedCropOptions,
  RandomRotation,
  type RandomRotationOptions,
  RandomVerticalFlip,
} from './random'
export { Transform, type TransformLike } from './transform'
