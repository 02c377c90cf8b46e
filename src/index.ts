/**
 * PyTorch for Node.js: libtorch's operators, modules and optimizers, under PyTorch's names in camelCase.
 *
 * @packageDocumentation
 */
export * as amp from './amp'
export * as autograd from './autograd'
export {
  autocast,
  enableGrad,
  getAutocastDtype,
  inferenceMode,
  isAutocastCacheEnabled,
  isAutocastEnabled,
  isGradEnabled,
  isInferenceModeEnabled,
  noGrad,
  setGradEnabled,
} from './autograd'
export { CompiledModule, compile, explain } from './compile'
export type { Device } from './core/device'
export type { DType } from './core/dtype'
export { type FloatInfo, finfo, type IntegerInfo, iinfo } from './core/dtype-info'
export * from './core/dtype-names'
export {
  AsyncScopeError,
  CudaCaptureError,
  CudaUnavailableError,
  DataError,
  DisposedError,
  type ErrorCode,
  FileFormatError,
  InvalidArgTypeError,
  InvalidArgValueError,
  LibtorchError,
  LoadError,
  ModuleBusyError,
  OutOfMemoryError,
  OutOfRangeError,
  StateDictError,
  TorchError,
  UnknownOperatorError,
  UnknownOptionError,
  UnsupportedTypeError,
} from './core/errors'
export { getNumThreads, setNumThreads } from './core/threads'
export { version } from './core/version'
export * as cuda from './cuda'
export * as data from './data'
export * as memory from './memory'
export { tidy } from './memory'
export * as nn from './nn'
export { summary } from './nn'
export { ops } from './ops/namespaces'
export * as optim from './optim'
export {
  type FileProgress,
  type LoadAsyncOptions,
  load,
  loadAsync,
  loadMetadata,
  type SaveAsyncOptions,
  save,
  saveAsync,
} from './serialize'
export * from './tensor'
export * from './tensor/functions.generated'
export { fft, linalg, special } from './tensor/spaces'
export {
  AbortError,
  type AmpOptions,
  type Criterion,
  type EpochReport,
  type EvaluateOptions,
  type Evaluation,
  evaluate,
  type History,
  Net,
  type Steps,
  type TrainAmpOptions,
  type TrainingData,
  type TrainOptions,
  train,
} from './training'
