export { ChainedScheduler, SequentialLR, type SequentialLROptions } from './composed'
export {
  CosineAnnealingLR,
  type CosineAnnealingLROptions,
  CosineAnnealingWarmRestarts,
  type CosineAnnealingWarmRestartsOptions,
} from './cosine'
export { CyclicLR, type CyclicLROptions } from './cyclic'
export {
  ConstantLR,
  type ConstantLROptions,
  ExponentialLR,
  type ExponentialLROptions,
  LinearLR,
  type LinearLROptions,
  MultiStepLR,
  type MultiStepLROptions,
  PolynomialLR,
  type PolynomialLROptions,
  StepLR,
  type StepLROptions,
} from './decays'
export { LambdaLR, type LambdaLROptions, type LRLambda, MultiplicativeLR } from './lambda'
export { OneCycleLR, type OneCycleLROptions } from './one-cycle'
export { ReduceLROnPlateau, type ReduceLROnPlateauOptions } from './plateau'
export { type AnyOptimizer, LRScheduler, type SchedulerStateDict } from './scheduler'
