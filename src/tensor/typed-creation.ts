/** How the functions that make tensors know the shape of what they make. */
import type { Device } from '../core/device'
import type { DType } from '../core/dtype'
import type { Complex, Scalar } from '../core/dtype-types'
import type { IsAny, PlainShape, Shape, ShapeError } from '../core/shape-types'
import type { Tensor } from './tensor'

/** Options of every function that makes a tensor. */
export interface CreationOptions<D extends DType = DType> {
  /** The element type; the default dtype (`'float32'`) where the function does not say otherwise. */
  dtype?: D
  /** Where the elements live; `'cpu'` by default. */
  device?: Device
  /** Whether autograd records what is done with it; false by default. */
  requiresGrad?: boolean
  layout?: string
  /** In pinned memory of the CPU, as `pinMemory()`; false by default. */
  pinMemory?: boolean
}

/** Options of the functions `...Like`. */
export interface LikeOptions<D extends DType = DType> extends CreationOptions<D> {
  memoryFormat?: string
}

/** Options of random functions. */
export interface RandomOptions<D extends DType = DType> extends CreationOptions<D> {
  /** The source of randomness; the default generator unless given. */
  generator?: object | null
}

/** Options of `fromTypedArray`. */
export interface FromTypedArrayOptions {
  /** False shares the array's memory, and keeps it alive; true by default. */
  copy?: boolean
  device?: Device
  requiresGrad?: boolean
}

/** A view of plain memory that has an element type of its own. */
export type AnyTypedArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | Uint8ClampedArray
  | Uint16Array
  | Uint32Array
  | BigUint64Array

/** The dtype whose elements a typed array holds. */
export type DTypeOfArray<A> = A extends Float32Array
  ? 'float32'
  : A extends Float64Array
    ? 'float64'
    : A extends Int8Array
      ? 'int8'
      : A extends Int16Array
        ? 'int16'
        : A extends Int32Array
          ? 'int32'
          : A extends BigInt64Array
            ? 'int64'
            : A extends Uint8Array | Uint8ClampedArray
              ? 'uint8'
              : A extends Uint16Array
                ? 'uint16'
                : A extends Uint32Array
                  ? 'uint32'
                  : A extends BigUint64Array
                    ? 'uint64'
                    : any

/** What `tensor` takes: a value, nested arrays of values, a typed array, or another tensor. */
export type TensorData = Scalar | AnyTypedArray | Tensor | readonly TensorData[]

/** The shape of nested arrays: `[[1, 2], [3, 4]]` is `[2, 2]`, a `number[][]` is `[number, number]`. */
export type ShapeOfData<T> =
  IsAny<T> extends true
    ? any
    : T extends Tensor<infer S, DType>
      ? S
      : T extends AnyTypedArray
        ? [number]
        : T extends readonly []
          ? [0]
          : T extends readonly unknown[]
            ? ShapeOfItems<T, T[0]>
            : []
type ShapeOfItems<T extends readonly unknown[], Item> = Item extends readonly unknown[] | AnyTypedArray | Tensor
  ? ShapeOfData<Item> extends infer R extends Shape
    ? [T['length'], ...R]
    : any
  : [T['length']]

/** Refuses rows of different lengths. */
export type DataCheck<T> = T extends readonly unknown[]
  ? true extends IsUnion<LengthOf<T[number]>>
    ? ShapeError<'tensor: the rows differ in length'>
    : unknown
  : unknown
type LengthOf<Row> = Row extends readonly unknown[] ? Row['length'] : never
type IsUnion<T, U = T> = T extends T ? ([U] extends [T] ? false : true) : never

// Counted, since the type of all data is nested without end.
type Leaf<T, C extends readonly 0[] = []> = T extends readonly (infer U)[]
  ? C['length'] extends 16
    ? any
    : Leaf<U, [...C, 0]>
  : T
/** Numbers are float32 (the default dtype), bigints int64, booleans bool. */
export type DTypeOfData<T> = IsAny<T> extends true ? any : DTypeOfLeaf<Leaf<T>>
type DTypeOfLeaf<L> = [L] extends [never]
  ? 'float32'
  : [L] extends [Tensor<any, infer D>]
    ? D
    : [L] extends [AnyTypedArray]
      ? DTypeOfArray<L>
      : [L] extends [boolean]
        ? 'bool'
        : [L] extends [bigint]
          ? 'int64'
          : [L] extends [bigint | boolean]
            ? 'int64'
            : [L] extends [number | bigint | boolean]
              ? 'float32'
              : [L] extends [Complex | number | bigint | boolean]
                ? 'complex64'
                : any

/** Of a size and options. */
type Filled<Random extends boolean = false> = <const S extends Shape, const D extends DType = 'float32'>(
  size: S,
  options?: Random extends true ? RandomOptions<D> : CreationOptions<D>,
) => Tensor<PlainShape<S>, NoInfer<D>>

/** A tensor of the shape and dtype of another one. */
type Like<Random extends boolean = false> = <S extends Shape, D extends DType, const E extends DType = D>(
  input: Tensor<S, D>,
  options?: LikeOptions<E> & (Random extends true ? RandomOptions<E> : unknown),
) => Tensor<S, NoInfer<E>>

/** The dtype of `arange` where it is not given: of whole numbers int64, with a fraction float32. */
type DTypeOfNumbers<N> = N extends bigint
  ? 'int64'
  : N extends number
    ? number extends N
      ? any
      : `${N}` extends `${string}.${string}` | `${string}e-${string}`
        ? 'float32'
        : 'int64'
    : any

type DTypeOfRange<E> = IsAny<E> extends true ? any : [E] extends ['int64'] ? 'int64' : 'float32'

/** The functions of `torch` that make tensors. */
export interface CreationFunctions {
  /** A tensor of plain values, copied. `torch.tensor` */
  tensor<const T extends TensorData, const D extends DType = DTypeOfData<T>>(
    data: T & DataCheck<T>,
    options?: CreationOptions<D>,
  ): Tensor<ShapeOfData<T>, NoInfer<D>>
  /** All 0. `torch.zeros` */
  zeros: Filled
  /** All 1. `torch.ones` */
  ones: Filled
  /** Whatever lies in the memory. `torch.empty` */
  empty: Filled
  /** Uniform in [0, 1). `torch.rand` */
  rand: Filled<true>
  /** Normal, mean 0, deviation 1. `torch.randn` */
  randn: Filled<true>
  /** All `fillValue`, whose kind gives the dtype as in `tensor`: numbers float32, bigints int64. `torch.full` */
  full<const S extends Shape, const N extends Scalar, const D extends DType = DTypeOfData<N>>(
    size: S,
    fillValue: N,
    options?: CreationOptions<D>,
  ): Tensor<PlainShape<S>, NoInfer<D>>
  full<const S extends Shape, const N extends Scalar, const D extends DType = DTypeOfData<N>>(
    size: S,
    options: CreationOptions<D> & { fillValue: N },
  ): Tensor<PlainShape<S>, NoInfer<D>>
  /** Integers in [low, high), int64. `torch.randint` */
  randint<const S extends Shape, const D extends DType = 'int64'>(
    high: number,
    size: S,
    options?: RandomOptions<D>,
  ): Tensor<PlainShape<S>, NoInfer<D>>
  randint<const S extends Shape, const D extends DType = 'int64'>(
    low: number,
    high: number,
    size: S,
    options?: RandomOptions<D>,
  ): Tensor<PlainShape<S>, NoInfer<D>>
  randint<const S extends Shape, const D extends DType = 'int64'>(
    high: number,
    options: RandomOptions<D> & { size: S; low?: number },
  ): Tensor<PlainShape<S>, NoInfer<D>>
  randint<const S extends Shape, const D extends DType = 'int64'>(
    low: number,
    options: RandomOptions<D> & { high: number; size: S },
  ): Tensor<PlainShape<S>, NoInfer<D>>
  randint<const S extends Shape, const D extends DType = 'int64'>(
    options: RandomOptions<D> & { low?: number; high: number; size: S },
  ): Tensor<PlainShape<S>, NoInfer<D>>
  /** The numbers 0 to n - 1 in random order, int64. `torch.randperm` */
  randperm<const N extends number, const D extends DType = 'int64'>(
    n: N,
    options?: RandomOptions<D>,
  ): Tensor<PlainShape<N>, NoInfer<D>>
  /** From `start` (0) up to `end`, not included, by `step` (1); int64 of whole numbers, else float32. `torch.arange` */
  arange<const N extends number, const D extends DType = DTypeOfNumbers<N>>(
    end: N,
    options?: CreationOptions<D>,
  ): Tensor<ArangeShape<N>, NoInfer<D>>
  arange<
    const A extends number,
    const B extends number,
    const C extends number = 1,
    const D extends DType = DTypeOfRange<DTypeOfNumbers<A | B | C>>,
  >(start: A, end: B, step?: C | CreationOptions<D>, options?: CreationOptions<D>): Tensor<[number], NoInfer<D>>
  arange<const D extends DType = any>(
    start: number | bigint,
    end: number | bigint,
    options: CreationOptions<D> & { step: number | bigint },
  ): Tensor<[number], NoInfer<D>>
  arange<const D extends DType = any>(
    start: number | bigint,
    options: CreationOptions<D> & { end: number | bigint; step?: number | bigint },
  ): Tensor<[number], NoInfer<D>>
  arange<const D extends DType = any>(
    options: CreationOptions<D> & { start?: number | bigint; end: number | bigint; step?: number | bigint },
  ): Tensor<[number], NoInfer<D>>
  /** `steps` numbers from `start` to `end`, both included. `torch.linspace` */
  linspace<const N extends number, const D extends DType = 'float32'>(
    start: number,
    end: number,
    steps: N,
    options?: CreationOptions<D>,
  ): Tensor<PlainShape<N>, NoInfer<D>>
  linspace<const N extends number, const D extends DType = 'float32'>(
    start: number,
    end: number,
    options: CreationOptions<D> & { steps: N },
  ): Tensor<PlainShape<N>, NoInfer<D>>
  /** The identity matrix [n, m]. `torch.eye` */
  eye<const N extends number, const D extends DType = 'float32'>(
    n: N,
    options?: CreationOptions<D>,
  ): Tensor<[...PlainShape<N>, ...PlainShape<N>], NoInfer<D>>
  eye<const N extends number, const M extends number, const D extends DType = 'float32'>(
    n: N,
    m: M,
    options?: CreationOptions<D>,
  ): Tensor<[...PlainShape<N>, ...PlainShape<M>], NoInfer<D>>
  eye<const N extends number, const M extends number, const D extends DType = 'float32'>(
    n: N,
    options: CreationOptions<D> & { m: M },
  ): Tensor<[...PlainShape<N>, ...PlainShape<M>], NoInfer<D>>
  /** 0 in the shape of another tensor. `torch.zeros_like` */
  zerosLike: Like
  /** 1 in the shape of another tensor. `torch.ones_like` */
  onesLike: Like
  /** Uninitialised, in the shape of another tensor. `torch.empty_like` */
  emptyLike: Like
  /** Uniform, in the shape of another tensor. `torch.rand_like` */
  randLike: Like<true>
  /** Normal, in the shape of another tensor. `torch.randn_like` */
  randnLike: Like<true>
  /** `fillValue` in the shape of another tensor. `torch.full_like` */
  fullLike<S extends Shape, D extends DType, const E extends DType = D>(
    input: Tensor<S, D>,
    fillValue: Scalar,
    options?: LikeOptions<E>,
  ): Tensor<S, NoInfer<E>>
  /** A tensor over the memory of an ArrayBuffer or a view of one, shared and kept alive. `torch.frombuffer` */
  frombuffer<const D extends DType = 'float32'>(
    buffer: ArrayBufferLike | ArrayBufferView,
    options?: { dtype?: D; count?: number; offset?: number; requiresGrad?: boolean },
  ): Tensor<[number], NoInfer<D>>
  /** A tensor of a typed array's elements and dtype; copies unless `{ copy: false }`. `torch.from_numpy` */
  fromTypedArray<A extends AnyTypedArray, const S extends Shape>(
    array: A,
    shape: S,
    options?: FromTypedArrayOptions,
  ): Tensor<PlainShape<S>, DTypeOfArray<A>>
  fromTypedArray<A extends AnyTypedArray, const S extends Shape>(
    array: A,
    options: FromTypedArrayOptions & { shape: S },
  ): Tensor<PlainShape<S>, DTypeOfArray<A>>
  fromTypedArray<A extends AnyTypedArray>(array: A, options?: FromTypedArrayOptions): Tensor<[number], DTypeOfArray<A>>
}

type ArangeShape<N> = N extends number
  ? `${N}` extends `${string}.${string}` | `-${string}`
    ? [number]
    : PlainShape<N>
  : never
