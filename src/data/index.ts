export * as transforms from './transforms'

import * as cifar from './cifar10'
import { classes, dataset, loadData } from './fashion-mnist'
import * as digits from './mnist'

/** Fashion-MNIST: 70,000 images of clothes in ten classes. */
export const fashionMnist = { loadData, dataset, classes } as const

/** MNIST: 70,000 images of handwritten digits. */
export const mnist = { loadData: digits.loadData, dataset: digits.dataset, classes: digits.classes } as const

/** CIFAR-10: 60,000 colour images in ten classes. */
export const cifar10 = { loadData: cifar.loadData, dataset: cifar.dataset, classes: cifar.classes } as const

export type { FileOptions } from './cached-files'
export { defaultCollate } from './collate'
export { DataLoader } from './data-loader'
export { ChainDataset, ConcatDataset, Dataset, IterableDataset, Subset } from './dataset'
export type { FashionMnist, LoadDataOptions } from './fashion-mnist'
export type { DataProgress, DataSource } from './fashion-mnist-sources'
export { ImageDataset, type TransformOptions } from './image-dataset'
export { ImageFolder, type ImageFolderOptions } from './image-folder'
export type { DataLoaderOptions } from './loader-options'
export type { DatasetOptions } from './mnist'
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
