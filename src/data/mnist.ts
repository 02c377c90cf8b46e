import { frombuffer, type Tensor } from '../tensor'
import { checkFileOptions, FILE_OPTIONS, type FileOptions, findFiles, type Publication } from './cached-files'
import { readIdx } from './idx'
import { ImageDataset, type TransformOptions } from './image-dataset'

/** The names of the ten classes, by label. */
export const classes = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'] as const

/** MNIST's four files; the sums are those that the published data sets of several frameworks list. */
export const MNIST: Publication = {
  title: 'MNIST',
  folder: 'mnist',
  inside: ['.', 'MNIST/raw'],
  files: [
    {
      name: 'train-images-idx3-ubyte.gz',
      bytes: 9912422,
      sha256: '440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609',
    },
    {
      name: 'train-labels-idx1-ubyte.gz',
      bytes: 28881,
      sha256: '3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c',
    },
    {
      name: 't10k-images-idx3-ubyte.gz',
      bytes: 1648877,
      sha256: '8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6',
    },
    {
      name: 't10k-labels-idx1-ubyte.gz',
      bytes: 4542,
      sha256: 'f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6',
    },
  ],
  addresses: ['https://ossci-datasets.s3.amazonaws.com/mnist/', 'https://storage.googleapis.com/cvdf-datasets/mnist/'],
  env: process.env,
}

type Part<N extends number> = [x: Tensor<[N, 28, 28], 'uint8'>, y: Tensor<[N], 'uint8'>]

/** Options of the data sets that are made of whole files. */
export interface DatasetOptions extends FileOptions, TransformOptions {
  /** The training images, else those for testing; default true. */
  train?: boolean
}

/** What `dataset` takes. */
export const DATASET_OPTIONS = [...FILE_OPTIONS, 'train', 'transform', 'targetTransform'] as const

/**
 * MNIST: `[[trainX, trainY], [testX, testY]]`, all uint8: digits `[60000, 28, 28]` and `[10000, 28, 28]`, labels `[60000]`
 * and `[10000]`. Taken from `root` (also torchvision's), else the cache (`LIBTORCH_NODE_CACHE`), else fetched into it and checked by
 * SHA-256.
 *
 * Rejects with `ERR_DATA`, `ERR_FILE_FORMAT`, `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`, and an `AbortError`.
 *
 * @see https://docs.pytorch.org/vision/stable/generated/torchvision.datasets.MNIST.html
 */
export async function loadData(options: FileOptions = {}): Promise<[train: Part<60000>, test: Part<10000>]> {
  checkFileOptions('mnist.loadData', options, FILE_OPTIONS)
  return [await readPart(MNIST, true, options), await readPart(MNIST, false, options)] as never
}

/**
 * MNIST as a data set of `[image, label]`: uint8 `[28, 28]` and a bigint, transformed; as `torchvision.datasets.MNIST`.
 *
 * @see https://docs.pytorch.org/vision/stable/generated/torchvision.datasets.MNIST.html
 * @example
 * const train = await data.mnist.dataset({ transform: new data.transforms.ToTensor() })
 */
export async function dataset(options: DatasetOptions = {}): Promise<ImageDataset> {
  checkFileOptions('mnist.dataset', options, DATASET_OPTIONS)
  const [x, y] = await readPart(MNIST, options.train ?? true, options)
  return new ImageDataset(x, y, classes, options)
}

/** The images and labels of one part. */
export async function readPart(
  published: Publication,
  train: boolean,
  options: FileOptions,
): Promise<[Tensor, Tensor]> {
  const all = await findFiles(published, options)
  const [images, labels] = train ? all.slice(0, 2) : all.slice(2)
  const { signal } = options
  const x = await readIdx(images!, { dtype: 'uint8', shape: [null, 28, 28], signal })
  const y = await readIdx(labels!, { dtype: 'uint8', shape: [x.shape[0]!], signal })
  return [
    (frombuffer(x.data, { dtype: 'uint8' }) as Tensor).view(x.shape) as Tensor,
    frombuffer(y.data, { dtype: 'uint8' }),
  ]
}
