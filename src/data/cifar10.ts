import { list } from 'tar'
import { DataError, FileFormatError } from '../core/errors'
import { frombuffer, type Tensor } from '../tensor'
import { checkFileOptions, FILE_OPTIONS, type FileOptions, findFiles, type Publication } from './cached-files'
import { ImageDataset } from './image-dataset'
import { DATASET_OPTIONS, type DatasetOptions } from './mnist'

/** The names of the ten classes, by label. */
export const classes = [
  'airplane',
  'automobile',
  'bird',
  'cat',
  'deer',
  'dog',
  'frog',
  'horse',
  'ship',
  'truck',
] as const

/** The binary version: six files of records in one archive. */
export const CIFAR10: Publication = {
  title: 'CIFAR-10',
  folder: 'cifar-10',
  inside: ['.'],
  files: [
    {
      name: 'cifar-10-binary.tar.gz',
      bytes: 170052171,
      sha256: 'c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd',
    },
  ],
  addresses: ['https://www.cs.toronto.edu/~kriz/'],
  env: process.env,
}

/** A label and the red, green and blue planes of 32 x 32. */
const RECORD = 1 + 3 * 32 * 32
const TRAIN = ['data_batch_1.bin', 'data_batch_2.bin', 'data_batch_3.bin', 'data_batch_4.bin', 'data_batch_5.bin']
const TEST = ['test_batch.bin']

type Part<N extends number> = [x: Tensor<[N, 3, 32, 32], 'uint8'>, y: Tensor<[N], 'uint8'>]

/**
 * CIFAR-10: `[[trainX, trainY], [testX, testY]]`, all uint8: images `[50000, 3, 32, 32]` and `[10000, 3, 32, 32]`, labels
 * `[50000]` and `[10000]`. Read from `cifar-10-binary.tar.gz`, the binary version: from the folder `root`, else the cache
 * (`LIBTORCH_NODE_CACHE`), else fetched into it (170 MB) and checked by SHA-256.
 *
 * Rejects with `ERR_DATA`, `ERR_FILE_FORMAT`, `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`, and an `AbortError`.
 *
 * @see https://docs.pytorch.org/vision/stable/generated/torchvision.datasets.CIFAR10.html
 */
export async function loadData(options: FileOptions = {}): Promise<[train: Part<50000>, test: Part<10000>]> {
  checkFileOptions('cifar10.loadData', options, FILE_OPTIONS)
  return (await readParts(CIFAR10, [TRAIN, TEST], options)) as never
}

/**
 * CIFAR-10 as a data set of `[image, label]`: uint8 `[3, 32, 32]` and a bigint, transformed; as
 * `torchvision.datasets.CIFAR10`.
 *
 * @see https://docs.pytorch.org/vision/stable/generated/torchvision.datasets.CIFAR10.html
 * @example
 * const { Compose, RandomCrop, RandomHorizontalFlip, ToTensor } = data.transforms
 * const transform = new Compose([new RandomCrop(32, { padding: 4 }), new RandomHorizontalFlip(), new ToTensor()])
 * const train = await data.cifar10.dataset({ transform })
 */
export async function dataset(options: DatasetOptions = {}): Promise<ImageDataset> {
  checkFileOptions('cifar10.dataset', options, DATASET_OPTIONS)
  const [[x, y]] = (await readParts(CIFAR10, [options.train === false ? TEST : TRAIN], options)) as [[Tensor, Tensor]]
  return new ImageDataset(x, y, classes, options)
}

/** The images and labels of some files of the archive, one pair for each list of files. */
export async function readParts(
  published: Publication,
  parts: readonly (readonly string[])[],
  options: FileOptions,
): Promise<[Tensor, Tensor][]> {
  const [archive] = await findFiles(published, options)
  const found = await unpack(archive!, new Set(parts.flat()))
  options.signal?.throwIfAborted()
  return parts.map(names => {
    const files = names.map(name => {
      const bytes = found.get(name)
      if (bytes === undefined) throw new DataError(`${published.title}: ${archive} lacks ${name}`)
      if (bytes.length === 0 || bytes.length % RECORD !== 0) {
        throw new FileFormatError(
          `${name}: expected records of ${RECORD} bytes, found ${bytes.length} bytes (${archive})`,
        )
      }
      return bytes
    })
    return tensorsOf(files, `${names[0]} of ${archive}`)
  })
}

async function unpack(archive: string, names: ReadonlySet<string>): Promise<Map<string, Buffer>> {
  const found = new Map<string, Buffer>()
  try {
    await list({
      file: archive,
      strict: true,
      onReadEntry: entry => {
        const name = entry.path.split('/').at(-1)!
        if (!names.has(name)) return
        const chunks: Buffer[] = []
        entry.on('data', chunk => chunks.push(chunk))
        entry.on('end', () => found.set(name, Buffer.concat(chunks)))
      },
    })
  } catch (error) {
    throw new FileFormatError(`${archive}: ${(error as Error).message}`, { cause: error })
  }
  return found
}

function tensorsOf(files: readonly Buffer[], what: string): [Tensor, Tensor] {
  const count = files.reduce((sum, { length }) => sum + length / RECORD, 0)
  const images = new Uint8Array(count * (RECORD - 1))
  const labels = new Uint8Array(count)
  let i = 0
  for (const bytes of files) {
    for (let at = 0; at < bytes.length; at += RECORD, i++) {
      labels[i] = bytes[at]!
      images.set(bytes.subarray(at + 1, at + RECORD), i * (RECORD - 1))
    }
  }
  const odd = labels.find(label => label > 9)
  if (odd !== undefined) throw new FileFormatError(`${what}: expected labels from 0 to 9, found ${odd}`)
  const x = (frombuffer(images, { dtype: 'uint8' }) as Tensor).view([count, 3, 32, 32]) as Tensor
  return [x, frombuffer(labels, { dtype: 'uint8' })]
}
