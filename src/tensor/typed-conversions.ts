/** The methods of `Tensor` that change its dtype or device, with their types. */
import type { Device } from '../core/device'
import type { DType } from '../core/dtype'
import type { IsAny, Shape } from '../core/shape-types'
import type { Tensor } from './tensor'

/** Options of `to`. */
export interface ToOptions<E extends DType = DType> {
  device?: Device
  dtype?: E
  /**
   * Goes on while a copy between the CPU's pinned memory and a GPU is under way; other copies are waited for all the same.
   * What was asked of the same stream comes after the copy; the CPU may change the source of one to the GPU, and read the
   * result of one to the CPU, only after `cuda.synchronize()`. The memory of a pinned source that is freed meanwhile is
   * not used anew before the copy is done.
   */
  nonBlocking?: boolean
  copy?: boolean
  memoryFormat?: string
}
/** Options of `cuda`. */
export interface CudaOptions {
  device?: number | Device
  nonBlocking?: boolean
}
export type DTypeOfTarget<D, T> =
  IsAny<T> extends true
    ? any
    : T extends DType
      ? T
      : T extends { dtype: infer E }
        ? E
        : T extends { dtype?: infer E extends DType }
          ? E | D
          : T extends string
            ? string extends T
              ? any
              : D
            : D
/** Dtypes and devices; each gives the tensor itself where nothing changes. */
export interface TypedConversions<S extends Shape, D extends DType> {
  /** Another dtype, device, or that of another tensor. `torch.Tensor.to` */
  to<S extends Shape, D extends DType, const T extends Device | DType | Tensor | ToOptions>(
    this: Tensor<S, D>,
    target: T,
    options?: Omit<ToOptions, 'dtype' | 'device'>,
  ): Tensor<S, DTypeOfTarget<D, T>>
  to<S extends Shape, const E extends DType>(
    this: Tensor<S>,
    device: Device,
    dtype: E | { dtype: E; nonBlocking?: boolean; copy?: boolean; memoryFormat?: string },
    nonBlocking?: boolean | { nonBlocking?: boolean; copy?: boolean; memoryFormat?: string },
    copy?: boolean | { copy?: boolean; memoryFormat?: string },
  ): Tensor<S, NoInfer<E>>
  /** On the CPU. */
  cpu(): Tensor<S, D>
  /** On a CUDA device; the current one unless named. `nonBlocking` as in `to`. `torch.Tensor.cuda` */
  cuda(device?: number | Device | CudaOptions, nonBlocking?: boolean | { nonBlocking?: boolean }): Tensor<S, D>
  /**
   * In pinned memory, which a GPU copies from and to while the program goes on; the tensor itself where it is pinned.
   * Without a GPU `ERR_CUDA_UNAVAILABLE`. `torch.Tensor.pin_memory`
   */
  pinMemory(): Tensor<S, D>
  /** Whether in pinned memory; false without a GPU. `torch.Tensor.is_pinned` */
  isPinned(): boolean
  /** As float32. */
  float(): Tensor<S, 'float32'>
  /** As float64. */
  double(): Tensor<S, 'float64'>
  /** As float16. */
  half(): Tensor<S, 'float16'>
  /** As bfloat16. */
  bfloat16(): Tensor<S, 'bfloat16'>
  /** As int64. */
  long(): Tensor<S, 'int64'>
  /** As int32. */
  int(): Tensor<S, 'int32'>
  /** As int16. */
  short(): Tensor<S, 'int16'>
  /** As int8. */
  char(): Tensor<S, 'int8'>
  /** As uint8. */
  byte(): Tensor<S, 'uint8'>
  /** As bool: whether not 0. */
  bool(): Tensor<S, 'bool'>
}
