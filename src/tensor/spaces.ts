import { FFT_FUNCTIONS, LINALG_FUNCTIONS, SPECIAL_FUNCTIONS } from '../ops/operators.generated'
import { makeFunctions } from '../ops/public'
import type { LinearAlgebra } from './linear-algebra'
import type { FftFunctions, LinalgFunctions, SpecialFunctions } from './operator-types.generated'

/** `torch.linalg`: linear algebra. */
export const linalg = makeFunctions(LINALG_FUNCTIONS) as unknown as LinearAlgebra &
  Omit<LinalgFunctions, keyof LinearAlgebra>
/** `torch.fft`: discrete Fourier transforms. */
export const fft = makeFunctions(FFT_FUNCTIONS) as unknown as FftFunctions
/** `torch.special`: special functions. */
export const special = makeFunctions(SPECIAL_FUNCTIONS) as unknown as SpecialFunctions
