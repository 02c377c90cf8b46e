export { type AutocastDevice, type AutocastOptions, autocast } from '../autograd'
export { GradScaler, type GradScalerOptions, type GradScalerState } from './grad-scaler'
