import { classes, loadData } from './fashion-mnist'

/** Fashion-MNIST: 70,000 images of clothes in ten classes. */
export const fashionMnist = { loadData, classes } as const

export { type Batch, DataLoader, type DataLoaderOptions, TensorDataset } from './data-loader'
export type { FashionMnist, LoadDataOptions } from './fashion-mnist'
export type { DataProgress, DataSource } from './fashion-mnist-sources'
export { type Split, type Splittable, type TrainTestSplitOptions, trainTestSplit } from './train-test-split'
