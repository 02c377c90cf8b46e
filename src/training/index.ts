export { AbortError } from '../core/abort'
export { type EvaluateOptions, type Evaluation, evaluate } from './evaluate'
export { Net } from './net'
export type { AmpOptions, TrainAmpOptions } from './precision'
export {
  type Criterion,
  type EpochReport,
  type History,
  type Steps,
  type TrainingData,
  type TrainOptions,
  train,
} from './train'
