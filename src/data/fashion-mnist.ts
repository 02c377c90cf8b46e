import { describe, InvalidArgTypeError } from '../core/errors'
import { check, is, isOptions, unknownOption } from '../core/options'
import type { Tensor } from '../tensor'
import { frombuffer } from '../tensor'
import { type DataProgress, findArrays, type SAMPLE } from './fashion-mnist-sources'
import type { IdxArray } from './idx'
import { checkTransforms, ImageDataset, type TransformOptions } from './image-dataset'

/** Options of `fashionMnist.loadData`. */
export interface LoadDataOptions {
  /** A folder with the four files, gzipped or not, or torchvision's `root`; nothing else is tried then. */
  root?: string
  /** Take the sample that ships with the package: 1,000 training and 200 test images. Default false. */
  sample?: boolean
  /** Whether to fetch the data where they are not at hand; default true. */
  download?: boolean
  signal?: AbortSignal
  /** Called with what is done, for people to see; the last call says where the data came from. */
  onProgress?: (progress: DataProgress) => void
}

/** `[[trainX, trainY], [testX, testY]]` of so many images. */
export type FashionMnist<Train extends number, Test extends number> = [
  train: [x: Tensor<[Train, 28, 28], 'uint8'>, y: Tensor<[Train], 'uint8'>],
  test: [x: Tensor<[Test, 28, 28], 'uint8'>, y: Tensor<[Test], 'uint8'>],
]

type Sample = FashionMnist<typeof SAMPLE.train, typeof SAMPLE.test>

/** The names of the ten classes, by label. */
export const classes = [
  'T-shirt/top',
  'Trouser',
  'Pullover',
  'Dress',
  'Coat',
  'Sandal',
  'Shirt',
  'Sneaker',
  'Bag',
  'Ankle boot',
] as const

const OPTIONS = ['root', 'sample', 'download', 'signal', 'onProgress'] as const

/**
 * Fashion-MNIST: `[[trainX, trainY], [testX, testY]]`, all uint8: images `[60000, 28, 28]` and `[10000, 28, 28]`, labels
 * `[60000]` and `[10000]` from 0 to 9 (`classes` names them).
 *
 * Taken from the first of: `root`; the folder that `FASHION_MNIST` names; Debian's package `dataset-fashion-mnist`; the
 * cache (`LIBTORCH_NODE_CACHE`, else `libtorch-node` in the user's cache folder); the authors' addresses, checked by
 * SHA-256 and kept in the cache; Debian's package, fetched by apt and unpacked without root into the cache.
 *
 * Rejects with `ERR_DATA` that lists what was tried and how to mend it, `ERR_FILE_FORMAT` where a file is not what it
 * should be, an `AbortError` once `signal` is aborted.
 *
 * @see https://docs.pytorch.org/vision/stable/generated/torchvision.datasets.FashionMNIST.html
 * @example
 * const [[trainX, trainY], [testX, testY]] = await data.fashionMnist.loadData()
 */
export function loadData(options: LoadDataOptions & { sample: true }): Promise<Sample>
export function loadData(options?: LoadDataOptions & { sample?: false }): Promise<FashionMnist<60000, 10000>>
export function loadData(options?: LoadDataOptions): Promise<FashionMnist<60000, 10000> | Sample>
export async function loadData(options: LoadDataOptions = {}): Promise<unknown> {
  checkOptions(options)
  const [trainX, trainY, testX, testY] = await findArrays(options)
  return [
    [toTensor(trainX), toTensor(trainY)],
    [toTensor(testX), toTensor(testY)],
  ]
}

/**
 * Fashion-MNIST as a data set of `[image, label]`: uint8 `[28, 28]` and a bigint, transformed; as
 * `torchvision.datasets.FashionMNIST`. The training images, or with `train: false` those for testing.
 *
 * @see https://docs.pytorch.org/vision/stable/generated/torchvision.datasets.FashionMNIST.html
 * @example
 * const train = await data.fashionMnist.dataset({ sample: true, transform: new data.transforms.ToTensor() })
 */
export async function dataset(
  options: LoadDataOptions & TransformOptions & { train?: boolean } = {},
): Promise<ImageDataset> {
  const { train = true, transform, targetTransform, ...rest } = options
  check('fashionMnist.dataset', 'train', train, is.boolean)
  checkTransforms('fashionMnist.dataset', { transform, targetTransform })
  const [training, testing] = (await loadData(rest)) as [[Tensor, Tensor], [Tensor, Tensor]]
  const [x, y] = train ? training : testing
  return new ImageDataset(x, y, classes, { transform, targetTransform })
}

function checkOptions(options: unknown): asserts options is LoadDataOptions {
  const what = 'fashionMnist.loadData'
  if (!isOptions(options)) throw new InvalidArgTypeError(`${what} takes one options object, got ${describe(options)}`)
  for (const key of Object.keys(options)) {
    if (!(OPTIONS as readonly string[]).includes(key)) throw unknownOption(what, key, OPTIONS)
  }
  const optional = ([expected, test]: readonly [string, (value: unknown) => boolean]) =>
    [expected, (value: unknown) => value === undefined || test(value)] as const
  check(what, 'root', options.root, optional(is.string))
  check(what, 'sample', options.sample, optional(is.boolean))
  check(what, 'download', options.download, optional(is.boolean))
  check(what, 'signal', options.signal, optional(['an AbortSignal', value => value instanceof AbortSignal]))
  check(what, 'onProgress', options.onProgress, optional(['a function', value => typeof value === 'function']))
}

/** Shares the memory that the file was read into. */
function toTensor({ data, dtype, shape }: IdxArray): Tensor {
  return (frombuffer(data, { dtype }) as Tensor).view(shape) as Tensor
}
