/** The stable codes of every error that the package throws on purpose. */
export type ErrorCode =
  | 'ERR_INVALID_ARG_TYPE'
  | 'ERR_INVALID_ARG_VALUE'
  | 'ERR_OUT_OF_RANGE'
  | 'ERR_UNKNOWN_OPTION'
  | 'ERR_UNKNOWN_OPERATOR'
  | 'ERR_UNSUPPORTED_TYPE'
  | 'ERR_LIBTORCH'
  | 'ERR_OUT_OF_MEMORY'
  | 'ERR_DISPOSED'
  | 'ERR_ASYNC_SCOPE'
  | 'ERR_MODULE_BUSY'
  | 'ERR_STATE_DICT'
  | 'ERR_FILE_FORMAT'
  | 'ERR_DATA'
  | 'ERR_CUDA_UNAVAILABLE'
  | 'ERR_CUDA_CAPTURE'
  | 'ERR_LOAD'

/** What an error knows besides its message; each field only where it applies. */
export interface ErrorDetails {
  /** The operator, as `aten::add.Tensor`. */
  operator?: string
  /** libtorch's own text, or the error underneath. */
  cause?: unknown
}

/**
 * Base of every error of this package. `code` is stable; the message says what was expected and what arrived.
 * `cause` holds libtorch's own error where there is one.
 */
export class TorchError extends Error {
  readonly code: ErrorCode
  readonly operator?: string

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    if (details.operator !== undefined) this.operator = details.operator
    // a program's own Error.prepareStackTrace gives what it likes
    if (typeof this.stack === 'string') this.stack = withoutOwnFrames(this.stack)
  }

  override get name(): string {
    return this.constructor.name
  }
}

/** An argument of the wrong kind (`ERR_INVALID_ARG_TYPE`). */
export class InvalidArgTypeError extends TorchError {
  constructor(message: string, details?: ErrorDetails) {
    super('ERR_INVALID_ARG_TYPE', message, details)
  }
}

/** An argument of the right kind with a value that cannot be (`ERR_INVALID_ARG_VALUE`). */
export class InvalidArgValueError extends TorchError {
  constructor(message: string, details?: ErrorDetails) {
    super('ERR_INVALID_ARG_VALUE', message, details)
  }
}

/** A number outside its range, or an int64 that is no safe integer (`ERR_OUT_OF_RANGE`). */
export class OutOfRangeError extends TorchError {
  constructor(message: string, details?: ErrorDetails) {
    super('ERR_OUT_OF_RANGE', message, details)
  }
}

/** An option that nobody reads (`ERR_UNKNOWN_OPTION`); the message names the nearest right one. */
export class UnknownOptionError extends TorchError {
  constructor(message: string, details?: ErrorDetails) {
    super('ERR_UNKNOWN_OPTION', message, details)
  }
}

/** An operator or overload that the loaded libtorch does not register (`ERR_UNKNOWN_OPERATOR`). */
export class UnknownOperatorError extends TorchError {
  constructor(message: string, details?: ErrorDetails) {
    super('ERR_UNKNOWN_OPERATOR', message, details)
  }
}

/** A schema type that has no JavaScript form (`ERR_UNSUPPORTED_TYPE`). */
export class UnsupportedTypeError extends TorchError {
  constructor(message: string, details?: ErrorDetails) {
    super('ERR_UNSUPPORTED_TYPE', message, details)
  }
}

/** What libtorch itself refused (`ERR_LIBTORCH`), with its text. */
export class LibtorchError extends TorchError {
  constructor(message: string, details?: ErrorDetails) {
    super('ERR_LIBTORCH', message, details)
  }
}

/** No memory even after a garbage collection (`ERR_OUT_OF_MEMORY`). */
export class OutOfMemoryError extends TorchError {
  constructor(message: string, details?: ErrorDetails) {
    super('ERR_OUT_OF_MEMORY', message, details)
  }
}

/** A tensor, module or scope used after it was disposed (`ERR_DISPOSED`). */
export class DisposedError extends TorchError {
  constructor(message: string, details?: ErrorDetails) {
    super('ERR_DISPOSED', message, details)
  }
}

/** A scope of this thread given an async callback, or left open at the next microtask (`ERR_ASYNC_SCOPE`). */
export class AsyncScopeError extends TorchError {
  constructor(message: string, details?: ErrorDetails) {
    super('ERR_ASYNC_SCOPE', message, details)
  }
}

/** A model that a running job holds (`ERR_MODULE_BUSY`). */
export class ModuleBusyError extends TorchError {
  constructor(message: string, details?: ErrorDetails) {
    super('ERR_MODULE_BUSY', message, details)
  }
}

/** A state dict that does not fit (`ERR_STATE_DICT`), in Python's words. */
export class StateDictError extends TorchError {
  constructor(message: string, details?: ErrorDetails) {
    super('ERR_STATE_DICT', message, details)
  }
}

/** A broken or foreign file (`ERR_FILE_FORMAT`). */
export class FileFormatError extends TorchError {
  constructor(message: string, details?: ErrorDetails) {
    super('ERR_FILE_FORMAT', message, details)
  }
}

/** Data that cannot be found, fetched or used (`ERR_DATA`). */
export class DataError extends TorchError {
  constructor(message: string, details?: ErrorDetails) {
    super('ERR_DATA', message, details)
  }
}

/** CUDA asked for where there is none (`ERR_CUDA_UNAVAILABLE`). */
export class CudaUnavailableError extends TorchError {
  constructor(message: string, details?: ErrorDetails) {
    super('ERR_CUDA_UNAVAILABLE', message, details)
  }
}

/** What cannot be part of a CUDA graph, or a graph without a capture (`ERR_CUDA_CAPTURE`). */
export class CudaCaptureError extends TorchError {
  constructor(message: string, details?: ErrorDetails) {
    super('ERR_CUDA_CAPTURE', message, details)
  }
}

/** The native addon or a library that it needs does not load (`ERR_LOAD`). */
export class LoadError extends TorchError {
  constructor(message: string, details?: ErrorDetails) {
    super('ERR_LOAD', message, details)
  }
}

const PACKAGE_ROOT = __dirname.replace(/[\\/](src|dist)[\\/]core$/, '')

/** Stacks begin at the caller: the package's own frames in `src/` and `dist/` say nothing to a user. */
export function withoutOwnFrames(stack: string): string {
  const own = (line: string) =>
    /^\s+at /.test(line) && (line.includes(`${PACKAGE_ROOT}/src/`) || line.includes(`${PACKAGE_ROOT}/dist/`))
  const lines = stack.split('\n')
  const kept = lines.filter(line => !own(line))
  return kept.some(line => /^\s+at /.test(line)) ? kept.join('\n') : stack
}

/** Says in a few words what a value is, for 'expected ..., got ...'. */
export function describe(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return `an array of length ${value.length}`
  switch (typeof value) {
    case 'undefined':
      return 'undefined'
    case 'string':
      return value.length > 40 ? `the string '${value.slice(0, 40)}...'` : `the string '${value}'`
    case 'number':
    case 'boolean':
      return `the ${typeof value} ${value}`
    case 'bigint':
      return `the bigint ${value}n`
    case 'function':
      return `the function ${value.name || '(anonymous)'}`
    case 'symbol':
      return 'a symbol'
    default: {
      const name = (value as object).constructor?.name
      return name && name !== 'Object' ? `an instance of ${name}` : 'an object'
    }
  }
}
