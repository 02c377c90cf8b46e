/// <reference lib="esnext.disposable" preserve="true" />
import { inspect } from 'node:util'
import type { Device } from '../core/device'
import { type DType, dtypeName, itemSize } from '../core/dtype'
import type { ItemOf, Scalar } from '../core/dtype-types'
import { describe, InvalidArgTypeError, OutOfRangeError } from '../core/errors'
import { adopt, dispose, Handle, isHandle, registerHandleClass, slotOf } from '../core/handle'
import type { Indexed } from '../core/index-types'
import { check, is, mergeArguments } from '../core/options'
import { RemovableHandle } from '../core/removable'
import type { Check, Shape } from '../core/shape-types'
import { binding } from '../native/load'
import { assignAt, selectAt, type TensorIndex } from './indexing'
import type { OperatorMethods } from './operator-types.generated'
import { printTensor } from './print'
import type { Result, TypedMethods } from './typed'
import type { AssignCheck, RowOf } from './typed-shaping'
import { type NestedList, nested, type TypedArrayOf, typedArray } from './values'

/** Nested arrays as an index: of integers, or of booleans for a mask. */
let liftIndex: (list: unknown) => Tensor

/** Nested arrays become tensors in a room that needs this one. */
export function registerLiftIndex(lift: (list: unknown) => Tensor): void {
  liftIndex = lift
}

/** What an operator of autograd is called: `{ name: 'AddBackward0' }`. */
export interface GradFn {
  readonly name: string
}

/**
 * An n-dimensional array of one dtype on one device, as `torch.Tensor`.
 *
 * `S` is the shape as far as it is known (`[number, 10]`), `D` the dtype; `Tensor` alone is a tensor of any shape and
 * dtype. A tensor is freed when it is collected, at the end of the `tidy` scope that it was made in, or by `dispose()`;
 * every use after that is `ERR_DISPOSED`.
 *
 * @see https://docs.pytorch.org/docs/stable/tensors.html
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the operators are installed on the prototype
export class Tensor<out S extends Shape = any, out D extends DType = any> extends Handle {
  /** The sizes of the dimensions, as they are now: in-place and `out` operators may change them. */
  get shape(): S {
    return binding.tensorShape(slotOf(this)) as unknown as S
  }

  /** The element type. */
  get dtype(): D {
    return dtypeName(binding.tensorDtype(slotOf(this))) as D
  }

  /** Where the data are: `'cpu'`, `'cuda:0'`, ... */
  get device(): Device {
    return binding.tensorDevice(slotOf(this))
  }

  /** `'strided'`, `'sparse_coo'`, ... */
  get layout(): string {
    return binding.tensorLayout(slotOf(this))
  }

  /** The number of dimensions. */
  get ndim(): number {
    return binding.tensorNdim(slotOf(this))
  }

  /** The number of dimensions. */
  dim(): number {
    return this.ndim
  }

  /** The number of elements. */
  numel(): number {
    return binding.tensorNumel(slotOf(this))
  }

  /** Elements to skip for one step along each dimension, or along one. */
  stride(): number[]
  stride(dim: number): number
  stride(dim?: number): number[] | number {
    const strides = binding.tensorStride(slotOf(this))
    return dim === undefined ? strides : strides[wrapDim(dim, strides.length)]!
  }

  /** Elements between the beginning of the storage and the first element. */
  storageOffset(): number {
    return binding.tensorStorageOffset(slotOf(this))
  }

  /** The address of the first element: equal for tensors that begin at the same place. */
  dataPtr(): number {
    return binding.tensorDataAddress(slotOf(this))
  }

  /** True where the elements lie in memory in the order of the indices. */
  isContiguous(): boolean {
    return binding.tensorIsContiguous(slotOf(this))
  }

  /** Bytes of one element. */
  elementSize(): number {
    return itemSize(this.dtype)
  }

  /** True where operators on this tensor are recorded for `backward`. */
  get requiresGrad(): boolean {
    return binding.tensorRequiresGrad(slotOf(this))
  }

  set requiresGrad(value: boolean) {
    this.requiresGrad_(value)
  }

  /** Switches recording on or off, in place. Only leaves can be switched off, and only floating or complex ones on. */
  requiresGrad_(...args: [requiresGrad?: boolean | { requiresGrad?: boolean }]): this {
    const { requiresGrad = true } = mergeArguments('requiresGrad_', ['requiresGrad'], args)
    check('requiresGrad_', 'requiresGrad', requiresGrad, is.boolean)
    binding.tensorSetRequiresGrad(slotOf(this), requiresGrad as boolean)
    return this
  }

  /** True for tensors that no recorded operator made. */
  get isLeaf(): boolean {
    return binding.tensorIsLeaf(slotOf(this))
  }

  /** The operator that made this tensor, where it is recorded. */
  get gradFn(): GradFn | null {
    const name = binding.tensorGradFn(slotOf(this))
    return name === null ? null : { name }
  }

  /** What `backward` accumulated for this tensor, of its shape and dtype; null before. */
  get grad(): Tensor<S, D> | null {
    const slot = binding.tensorGrad(slotOf(this))
    return slot === null ? null : adopt(slot)
  }

  set grad(value: Tensor | null) {
    if (value !== null && !isTensor(value)) {
      throw new InvalidArgTypeError(`grad must be a tensor or null, got ${describe(value)}`)
    }
    binding.tensorSetGrad(slotOf(this), value === null ? null : slotOf(value))
  }

  /**
   * Calls `hook` with this tensor's gradient whenever a backward pass has computed it; a tensor that it gives takes the
   * gradient's place. An error that it throws ends `backward`. The graph holds the function until `remove()` or its own
   * end, so a function that holds this tensor keeps it alive. For gradients on the CPU.
   *
   * `ERR_INVALID_ARG_VALUE` where this tensor needs no gradient, `ERR_INVALID_ARG_TYPE` for what is no function.
   *
   * @example
   * const handle = x.registerHook(gradient => gradient.mul(2))
   * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.register_hook.html
   */
  // biome-ignore lint/suspicious/noConfusingVoidType: that is the type of an arrow that only looks
  registerHook(hook: (gradient: Tensor<S, D>) => Tensor | null | undefined | void): RemovableHandle {
    if (typeof hook !== 'function') throw new InvalidArgTypeError(`a hook must be a function, got ${describe(hook)}`)
    const id = binding.tensorRegisterHook(slotOf(this), ([gradient]) => {
      const changed = hook(adopt<Tensor<S, D>>(gradient))
      if (changed === undefined || changed === null) return undefined
      if (isTensor(changed)) return [slotOf(changed)]
      throw new InvalidArgTypeError(`registerHook: a hook must give a tensor or nothing, got ${describe(changed)}`)
    })
    return new RemovableHandle(() => binding.gradientHookRemove(id))
  }

  /** Keeps `grad` for a tensor that is no leaf. */
  retainGrad(): void {
    binding.tensorRetainGrad(slotOf(this))
  }

  /**
   * Computes the gradients of this tensor with respect to the leaves, and adds them to their `grad`. Without a
   * `gradient` the tensor has one element. The graph is freed unless `retainGraph` or `createGraph`.
   */
  backward(
    ...args: [
      gradient?: Tensor | null | BackwardOptions,
      retainGraph?: boolean | null | BackwardOptions,
      createGraph?: boolean | BackwardOptions,
      options?: BackwardOptions,
    ]
  ): void {
    const names = ['gradient', 'retainGraph', 'createGraph', 'inputs']
    const {
      gradient = null,
      retainGraph = null,
      createGraph = false,
      inputs = null,
    } = mergeArguments('backward', names, args)
    if (gradient !== null && !isTensor(gradient)) {
      throw new InvalidArgTypeError(`backward: 'gradient' must be a tensor, got ${describe(gradient)}`)
    }
    if (retainGraph !== null) check('backward', 'retainGraph', retainGraph, is.boolean)
    check('backward', 'createGraph', createGraph, is.boolean)
    binding.backward(
      [slotOf(this)],
      gradient === null ? null : [slotOf(gradient)],
      retainGraph as boolean | null,
      createGraph as boolean,
      inputs === null ? null : slotsOf('backward', 'inputs', inputs),
    )
  }

  /**
   * The only element: a number, a boolean, or `{ re, im }`. An int64 that is no safe integer is `ERR_OUT_OF_RANGE`;
   * `{ bigint: true }` gives integers as bigints. Waits for the device.
   */
  item<E extends DType>(this: Tensor<any, E>): ItemOf<E>
  item(options: { bigint: true }): bigint
  item(options?: { bigint?: boolean }): unknown {
    const { bigint = false } = mergeArguments('item', ['bigint'], options === undefined ? [] : [options])
    return binding.tensorItem(slotOf(this), bigint === true)
  }

  /** The elements as nested arrays; integers as bigints with `{ bigint: true }`. */
  tolist<T extends Shape, E extends DType>(this: Tensor<T, E>): NestedList<T, ItemOf<E>>
  tolist<T extends Shape>(this: Tensor<T>, options: { bigint: true }): NestedList<T, bigint>
  tolist(options?: { bigint?: boolean }): unknown {
    const { bigint = false } = mergeArguments('tolist', ['bigint'], options === undefined ? [] : [options])
    return nested(this, bigint === true)
  }

  /**
   * The elements in a typed array of their kind, copied to the CPU in the order of the indices. int64 gives a
   * `BigInt64Array`, bool a `Uint8Array`, float16 and bfloat16 a `Float32Array` of their values, complex numbers pairs.
   */
  toTypedArray<E extends DType>(this: Tensor<any, E>): TypedArrayOf<E> {
    return typedArray(this) as TypedArrayOf<E>
  }

  /** The elements' bytes, copied to the CPU in the order of the indices. */
  bytes(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(binding.tensorBytes(slotOf(this)))
  }

  /**
   * Python's `x[...]`: positions select, a `slice` cuts, `null` adds a dimension, `'...'` skips to the last ones; index
   * tensors, nested arrays, masks and booleans pick elements. Without the latter the result is a view of this tensor.
   *
   * Errors: `ERR_INVALID_ARG_TYPE`; `ERR_LIBTORCH` for positions outside, and for more indices than dimensions.
   *
   * @example
   * x.at(0)                                  // x[0]
   * x.at(slice(1, 3), null, '...', mask)     // x[1:3, None, ..., mask]
   *
   * @see https://docs.pytorch.org/docs/stable/tensor_view.html
   */
  at<T extends Shape, E extends DType, const I extends readonly TensorIndex[]>(
    this: Tensor<T, E> & Check<Indexed<T, I>>,
    ...indices: I
  ): Result<Indexed<T, I>, E> {
    return selectAt(this, indices, liftIndex) as Result<Indexed<T, I>, E>
  }

  /**
   * Python's `x[...] = value`: writes a number or a tensor, broadcast and cast, where `at(...indices)` would read.
   * Recorded by autograd, as there.
   *
   * Errors: as `at`, and `ERR_LIBTORCH` for a value that does not broadcast.
   *
   * @example
   * x.setAt(0, slice(1, 3), '...')           // x[1:3, ...] = 0
   */
  setAt<T extends Shape, E extends DType, const V extends Tensor | Scalar, const I extends readonly TensorIndex[]>(
    this: Tensor<T, E> & AssignCheck<Indexed<T, I>, V>,
    value: V,
    ...indices: I
  ): Tensor<T, E> {
    assignAt(this, value, indices, liftIndex)
    return this
  }

  /** True once the tensor was freed by hand or by its scope. */
  get disposed(): boolean {
    return slotOf(this) === -1
  }

  /** Frees the tensor now. Storage that other tensors share stays. Calling it again does nothing. */
  dispose(): void {
    dispose(this)
  }

  [Symbol.dispose](): void {
    dispose(this)
  }

  /** What Python prints. */
  override toString(): string {
    return printTensor(this)
  }

  [inspect.custom](): string {
    return printTensor(this)
  }

  /** The sub-tensors along the first dimension. */
  *[Symbol.iterator](): Generator<Result<RowOf<S>, D>> {
    const { shape } = this
    if (shape.length === 0) throw new InvalidArgTypeError('iteration over a 0-d tensor')
    for (let i = 0; i < shape[0]!; i++) yield (this as Tensor).at(i) as Result<RowOf<S>, D>
  }
}

export interface Tensor<out S extends Shape, out D extends DType> extends TypedMethods<S, D>, OperatorMethods<S, D> {}

/** The options of `backward`. */
export interface BackwardOptions {
  gradient?: Tensor | null
  retainGraph?: boolean | null
  createGraph?: boolean
  inputs?: readonly Tensor[]
}

registerHandleClass(() => new Tensor())

/** True for a tensor made by this copy of the package; false for everything that only looks like one. */
export const isTensor = isHandle as (value: unknown) => value is Tensor

/** The slots of an array of tensors; `ERR_INVALID_ARG_TYPE` for anything else. */
export function slotsOf(what: string, name: string, value: unknown): number[] {
  if (!Array.isArray(value) || !value.every(isTensor)) {
    throw new InvalidArgTypeError(`${what}: '${name}' must be an array of tensors, got ${describe(value)}`)
  }
  return value.map(slotOf)
}

/** Python's `tensor.data = source`: the same tensor, with another storage, shape, dtype or device. */
export function setData(tensor: Tensor, source: Tensor): void {
  binding.tensorSetData(slotOf(tensor), slotOf(source))
}

/** A dimension counted from the end where negative; `ERR_OUT_OF_RANGE` outside. */
export function wrapDim(dim: number, ndim: number): number {
  if (typeof dim !== 'number') throw new InvalidArgTypeError(`a dimension must be an integer, got ${describe(dim)}`)
  const wrapped = dim < 0 ? dim + ndim : dim
  if (!Number.isInteger(dim) || wrapped < 0 || wrapped >= ndim) {
    throw new OutOfRangeError(
      `Dimension out of range (expected to be in range of [${-ndim}, ${ndim - 1}], but got ${dim})`,
    )
  }
  return wrapped
}
