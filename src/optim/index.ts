export { Adam, type AdamOptions } from './adam'
export {
  type NewParamGroup,
  Optimizer,
  type OptimizerStateDict,
  type ParamGroup,
  type Params,
} from './optimizer'
export { SGD, type SGDOptions } from './sgd'
