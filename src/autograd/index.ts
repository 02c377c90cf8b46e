export {
  type AutocastDevice,
  type AutocastOptions,
  autocast,
  getAutocastDtype,
  isAutocastCacheEnabled,
  isAutocastEnabled,
} from './autocast'
export { type BackwardAllOptions, backward, type GradOptions, grad } from './autograd'
export {
  enableGrad,
  inferenceMode,
  isGradEnabled,
  isInferenceModeEnabled,
  noGrad,
  type Scope,
  setGradEnabled,
} from './scopes'
