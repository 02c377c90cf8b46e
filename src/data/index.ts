export * as transforms from './transforms'

import { classes, loadData } from './fashion-mnist'

/** Fashion-MNIST: 70,000 images of clothes in ten classes. */
export const fashionMnist = { loadData, classes } as const

export { defaultCollate } from './collate'
export { DataLoader } from './data-loader'
export { ChainDataset, ConcatDataset, Dataset, IterableDataset, Subset } from './dataset'
export type { FashionMnist, LoadDataOptions } from './fashion-mnist'
export type { DataProgress, DataSource } from './fashion-mnist-sources'
export type { DataLoaderOptions } from './loader-options'
export { fromModule } from './portable'
export { type RandomSplit, randomSplit } from './random-split'
export {
  BatchSampler,
  RandomSampler,
  type RandomSamplerOptions,
  type Sampler,
  SequentialSampler,
  type Sized,
  SubsetRandomSampler,
  WeightedRandomSampler,
} from './sampler'
export { TensorDataset } from './tensor-dataset'
export { type Split, type Splittable, type TrainTestSplitOptions, trainTestSplit } from './train-test-split'
export type { AnyDataset, Batch, BatchOf, Collated, Eventually, ItemOf, MapDataset, RowOf } from './types'
export { getWorkerInfo, type WorkerInfo } from './worker-info'
