export { Adam, type AdamOptions } from './adam'
export {
  type NewParamGroup,
  Optimizer,
  type OptimizerStateDict,
  type Params,
} from './optimizer'
export type { ParamGroup } from './param-group'
export { SGD, type SGDOptions } from './sgd'
