export { SWALR, type SWALROptions } from '../schedulers/swalr'
export { AveragedModel, type AveragedModelOptions } from './averaged-model'
export {
  type AvgFn,
  getEmaAvgFn,
  getEmaMultiAvgFn,
  getSwaAvgFn,
  getSwaMultiAvgFn,
  type MultiAvgFn,
} from './averages'
export { type Batch, type UpdateBnOptions, updateBn } from './update-bn'
