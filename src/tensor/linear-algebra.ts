/** The functions of `torch.linalg` whose types know shapes; the last two dimensions are a matrix. */
import type { Broadcast, Matmul } from '../core/broadcast-types'
import type { DType } from '../core/dtype'
import type { OneDType, RealDType, ResultDType } from '../core/dtype-types'
import type { Batch, RowsOf, Solved, Square } from '../core/product-types'
import type { Check, IsPositive, IsUnranked, Minus, Reduced, Shape } from '../core/shape-types'
import type { Tensor } from './tensor'
import type { Axes, Known, OutOption, Result } from './typed'

/** Of floating and complex dtypes. */
export type ComplexOf<D> = 0 extends 1 & D ? any : D extends 'float64' | 'complex128' ? 'complex128' : 'complex64'
type Least<A extends number, B extends number> = number extends A | B
  ? number
  : IsPositive<Minus<A, B>> extends true
    ? B
    : A
export type Singular<S extends Shape> = S extends readonly [
  ...infer B extends Shape,
  infer N extends number,
  infer M extends number,
]
  ? [...B, Least<N, M>]
  : any
/** The left and right factors of `[N, M]`: full, or of the smaller size. */
export type Left<S extends Shape, Full> = S extends readonly [
  ...infer B extends Shape,
  infer N extends number,
  infer M extends number,
]
  ? boolean extends Full
    ? [...B, N, number]
    : [...B, N, Full extends true ? N : Least<N, M>]
  : any
export type Right<S extends Shape, Full> = S extends readonly [
  ...infer B extends Shape,
  infer N extends number,
  infer M extends number,
]
  ? boolean extends Full
    ? [...B, number, M]
    : [...B, Full extends true ? M : Least<N, M>, M]
  : any
/** `qr` by its mode: of `'r'` the first is empty. */
export type QrLeft<S extends Shape, M> = M extends 'r' ? [0] : Left<S, M extends 'complete' ? true : false>
export type QrRight<S extends Shape, M> = Right<S, false> extends infer R ? (M extends 'complete' ? S : R) : never
/** `pinv`: `[N, M]` to `[M, N]`. */
export type Turned<S extends Shape> =
  IsUnranked<S> extends true
    ? any
    : S extends readonly [...infer B extends Shape, infer N extends number, infer M extends number]
      ? [...B, M, N]
      : any

export interface LinearAlgebra {
  /**
   * The matrix product, as `torch.matmul`.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.linalg.matmul.html
   */
  matmul<S extends Shape, D extends DType, T extends Shape, E extends DType>(
    input: Tensor<S, D>,
    other: Tensor<T, E> & Check<Matmul<S, T>> & OneDType<'matmul', D, E>,
    options?: OutOption,
  ): Result<Matmul<S, T>, Known<D, E>>
  /**
   * The inverses of square matrices.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.linalg.inv.html
   */
  inv<S extends Shape, D extends DType>(A: Tensor<S, D> & Check<Square<'inv', S>>, options?: OutOption): Tensor<S, D>
  /**
   * The pseudoinverses of matrices: [N, M] to [M, N].
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.linalg.pinv.html
   */
  pinv<S extends Shape, D extends DType>(
    A: Tensor<S, D>,
    options?: { atol?: number | Tensor | null; rtol?: number | Tensor | null; hermitian?: boolean },
  ): Result<Turned<S>, D>
  /**
   * The determinants of square matrices.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.linalg.det.html
   */
  det<S extends Shape, D extends DType>(
    A: Tensor<S, D> & Check<Square<'det', S>>,
    options?: OutOption,
  ): Result<Batch<S>, D>
  /**
   * The signs of the determinants of square matrices, and the logarithms of their absolute values.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.linalg.slogdet.html
   */
  slogdet<S extends Shape, D extends DType>(
    A: Tensor<S, D> & Check<Square<'slogdet', S>>,
  ): [sign: Result<Batch<S>, D>, logabsdet: Result<Batch<S>, RealDType<D>>]
  /**
   * X with A X = B: A square, B vectors or matrices.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.linalg.solve.html
   */
  solve<S extends Shape, D extends DType, T extends Shape, E extends DType>(
    A: Tensor<S, D>,
    B: Tensor<T, E> & Check<Solved<S, T>> & OneDType<'solve', D, E>,
    options?: { left?: true; out?: Tensor },
  ): Result<Solved<S, T>, Known<D, E>>
  solve(A: Tensor, B: Tensor, options: { left: false; out?: Tensor }): Tensor
  /**
   * The lower triangular L (or upper, with `upper`) with A = L L^H.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.linalg.cholesky.html
   */
  cholesky<S extends Shape, D extends DType>(
    A: Tensor<S, D> & Check<Square<'cholesky', S>>,
    options?: { upper?: boolean; out?: Tensor },
  ): Tensor<S, D>
  /**
   * A = Q R; `mode` is `'reduced'` (the default), `'complete'` or `'r'`.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.linalg.qr.html
   */
  qr<S extends Shape, D extends DType, const M extends 'reduced' | 'complete' | 'r' = 'reduced'>(
    A: Tensor<S, D>,
    mode?: M | { mode?: M },
  ): [Q: Result<QrLeft<S, M>, D>, R: Result<QrRight<S, M>, D>]
  /**
   * A = U diag(S) V^H; with `fullMatrices` (true) U and V^H are square.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.linalg.svd.html
   */
  svd<S extends Shape, D extends DType, const F extends boolean = true>(
    A: Tensor<S, D>,
    fullMatrices?: F | { fullMatrices?: F; driver?: string | null },
    options?: { driver?: string | null },
  ): [U: Result<Left<S, F>, D>, S: Result<Singular<S>, RealDType<D>>, Vh: Result<Right<S, F>, D>]
  /**
   * The singular values of matrices.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.linalg.svdvals.html
   */
  svdvals<S extends Shape, D extends DType>(
    A: Tensor<S, D>,
    options?: { driver?: string | null; out?: Tensor },
  ): Result<Singular<S>, RealDType<D>>
  /**
   * The eigenvalues and eigenvectors of square matrices, complex.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.linalg.eig.html
   */
  eig<S extends Shape, D extends DType>(
    A: Tensor<S, D> & Check<Square<'eig', S>>,
  ): [eigenvalues: Result<RowsOf<S>, ComplexOf<D>>, eigenvectors: Tensor<S, ComplexOf<D>>]
  /**
   * The eigenvalues of square matrices, complex.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.linalg.eigvals.html
   */
  eigvals<S extends Shape, D extends DType>(
    A: Tensor<S, D> & Check<Square<'eigvals', S>>,
  ): Result<RowsOf<S>, ComplexOf<D>>
  /**
   * The eigenvalues and eigenvectors of symmetric or Hermitian matrices, of which the `'L'`ower or `'U'`pper half is read.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.linalg.eigh.html
   */
  eigh<S extends Shape, D extends DType>(
    A: Tensor<S, D> & Check<Square<'eigh', S>>,
    UPLO?: 'L' | 'U',
  ): [eigenvalues: Result<RowsOf<S>, RealDType<D>>, eigenvectors: Tensor<S, D>]
  /**
   * The eigenvalues of symmetric or Hermitian matrices.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.linalg.eigvalsh.html
   */
  eigvalsh<S extends Shape, D extends DType>(
    A: Tensor<S, D> & Check<Square<'eigvalsh', S>>,
    UPLO?: 'L' | 'U',
  ): Result<RowsOf<S>, RealDType<D>>
  /**
   * The vector product of vectors of 3 elements along `dim` (-1).
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.linalg.cross.html
   */
  cross<S extends Shape, D extends DType, T extends Shape, E extends DType>(
    input: Tensor<S, D>,
    other: Tensor<T, E> & Check<Broadcast<'cross', S, T>>,
    options?: { dim?: number; out?: Tensor },
  ): Result<Broadcast<'cross', S, T>, ResultDType<S, D, T, E>>
  /**
   * The norms `ord` (2) of vectors: of all elements, or along dimensions.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.linalg.vector_norm.html
   */
  vectorNorm<S extends Shape, D extends DType, const I extends Axes = undefined, const K extends boolean = false>(
    x: Tensor<S, D> & Check<Reduced<'vectorNorm', S, I, K>>,
    ord?: number,
    dim?: I,
    keepdim?: K,
  ): Result<Reduced<'vectorNorm', S, I, K>, RealDType<D>>
  vectorNorm<
    S extends Shape,
    D extends DType,
    const I extends Axes = undefined,
    const K extends boolean = false,
    const E extends DType = RealDType<D>,
  >(
    x: Tensor<S, D> & Check<Reduced<'vectorNorm', S, I, K>>,
    options: { ord?: number; dim?: I; keepdim?: K; dtype?: E; out?: Tensor },
  ): Result<Reduced<'vectorNorm', S, I, K>, NoInfer<E>>
  vectorNorm<
    S extends Shape,
    D extends DType,
    const I extends Axes = undefined,
    const K extends boolean = false,
    const E extends DType = RealDType<D>,
  >(
    x: Tensor<S, D> & Check<Reduced<'vectorNorm', S, I, K>>,
    ord: number,
    options: { dim?: I; keepdim?: K; dtype?: E; out?: Tensor },
  ): Result<Reduced<'vectorNorm', S, I, K>, NoInfer<E>>
}
