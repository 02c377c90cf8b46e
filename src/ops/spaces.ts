import {
  FFT_FUNCTIONS,
  type FftFunctions,
  LINALG_FUNCTIONS,
  type LinalgFunctions,
  SPECIAL_FUNCTIONS,
  type SpecialFunctions,
} from './operators.generated'
import { makeFunctions } from './public'

/** `torch.linalg`: linear algebra. */
export const linalg = makeFunctions(LINALG_FUNCTIONS) as unknown as LinalgFunctions
/** `torch.fft`: discrete Fourier transforms. */
export const fft = makeFunctions(FFT_FUNCTIONS) as unknown as FftFunctions
/** `torch.special`: special functions. */
export const special = makeFunctions(SPECIAL_FUNCTIONS) as unknown as SpecialFunctions
