import {
  CudaCaptureError,
  CudaUnavailableError,
  DisposedError,
  type ErrorCode,
  type ErrorDetails,
  InvalidArgTypeError,
  InvalidArgValueError,
  LibtorchError,
  ModuleBusyError,
  OutOfMemoryError,
  OutOfRangeError,
  StateDictError,
  TorchError,
  UnknownOperatorError,
  UnknownOptionError,
  UnsupportedTypeError,
  withoutOwnFrames,
} from './errors'
import { traceOf } from './traces'

const CLASSES: Partial<Record<ErrorCode, new (message: string, details?: ErrorDetails) => TorchError>> = {
  ERR_INVALID_ARG_TYPE: InvalidArgTypeError,
  ERR_INVALID_ARG_VALUE: InvalidArgValueError,
  ERR_OUT_OF_RANGE: OutOfRangeError,
  ERR_UNKNOWN_OPTION: UnknownOptionError,
  ERR_UNKNOWN_OPERATOR: UnknownOperatorError,
  ERR_UNSUPPORTED_TYPE: UnsupportedTypeError,
  ERR_LIBTORCH: LibtorchError,
  ERR_OUT_OF_MEMORY: OutOfMemoryError,
  ERR_DISPOSED: DisposedError,
  ERR_MODULE_BUSY: ModuleBusyError,
  ERR_STATE_DICT: StateDictError,
  ERR_CUDA_UNAVAILABLE: CudaUnavailableError,
  ERR_CUDA_CAPTURE: CudaCaptureError,
}

/**
 * What the native guard calls to throw a real subclass. With `sequence` it is the error of a queued task, and its stack
 * is that of the call that queued it.
 */
export function makeNativeError(
  code: ErrorCode,
  message: string,
  operator?: string,
  cause?: string,
  sequence?: number,
): TorchError {
  const details: ErrorDetails = { operator, cause: cause === undefined ? undefined : new Error(cause) }
  const Class = CLASSES[code]
  const trace = sequence === undefined ? undefined : traceOf(sequence)
  const text = trace?.subject === undefined ? message : `${trace.subject()}: ${message}`
  const error = Class ? new Class(text, details) : new TorchError(code, text, details)
  if (typeof trace?.stack === 'string') {
    const frames = trace.stack.split('\n').filter(line => /^\s+at /.test(line))
    error.stack = withoutOwnFrames([`${error.name}: ${text}`, ...frames].join('\n'))
  }
  return error
}
