import './conversions'
import './typed-picking'
import { METHODS } from '../ops/operators.generated'
import { installMethods } from '../ops/public'
import { creation } from './creation'
import { Tensor } from './tensor'

installMethods(Tensor.prototype, METHODS)

export const {
  tensor,
  zeros,
  ones,
  empty,
  rand,
  randn,
  full,
  randint,
  randperm,
  arange,
  linspace,
  eye,
  zerosLike,
  onesLike,
  emptyLike,
  randLike,
  randnLike,
  fullLike,
  frombuffer,
  fromTypedArray,
} = creation
export { Slice, slice, type TensorIndex } from './indexing'
export { einsum, meshgrid, tensordot } from './joining'
export { getPrintOptions, type PrintOptions, setPrintOptions } from './printing'
export { Generator, getRngState, initialSeed, manualSeed, seed, setRngState } from './random'
export { type BackwardOptions, type GradFn, isTensor, Tensor } from './tensor'
export { type UniqueOptions, unique, uniqueConsecutive } from './typed-picking'
export type { TypedArray, TypedArrayOf } from './values'
