export { Adadelta, type AdadeltaOptions } from './adadelta'
export { Adagrad, type AdagradOptions } from './adagrad'
export { Adam, type AdamOptions } from './adam'
export { Adamax, type AdamaxOptions } from './adamax'
export { AdamW, type AdamWOptions } from './adamw'
export { LBFGS, type LBFGSOptions, type LBFGSState } from './lbfgs'
export { NAdam, type NAdamOptions } from './nadam'
export {
  type NewParamGroup,
  Optimizer,
  type OptimizerStateDict,
  type ParamState,
  type Params,
} from './optimizer'
export type { ParamGroup } from './param-group'
export { RAdam, type RAdamOptions } from './radam'
export { RMSprop, type RMSpropOptions } from './rmsprop'
export * as lrScheduler from './schedulers'
export { SGD, type SGDOptions } from './sgd'
export * as swaUtils from './swa-utils'
