import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { DataError, FileFormatError } from '../core/errors'
import { type IdxArray, readIdx } from './idx'

/** One of the four files of Fashion-MNIST, as its authors publish it. */
export interface DataFile {
  name: string
  /** Sizes of the array inside. */
  shape: readonly number[]
  /** Length and SHA-256 of the official file. */
  bytes: number
  sha256: string
  /** SHA-256 of the elements alone: Debian's package holds the same data, compressed anew. */
  content: string
}

/**
 * Training images, training labels, test images, test labels. The official files were checked against the MD5 sums that
 * torchvision lists for them; the SHA-256 sums are those of these very files.
 */
export const FILES: readonly DataFile[] = [
  {
    name: 'train-images-idx3-ubyte.gz',
    shape: [60000, 28, 28],
    bytes: 26421880,
    sha256: '3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84',
    content: '2e487a6c89124f78f2d7521542223cafe96f7123c3ca13d447772ac6ecbb3012',
  },
  {
    name: 'train-labels-idx1-ubyte.gz',
    shape: [60000],
    bytes: 29515,
    sha256: 'a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845',
    content: '657fbd221bfc9f4198cc14b5619cc33ec57c58dd0e47af4d99d6650759e869a7',
  },
  {
    name: 't10k-images-idx3-ubyte.gz',
    shape: [10000, 28, 28],
    bytes: 4422102,
    sha256: '346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073',
    content: 'c867c93ff95360594e8ec3287995350b824dd110b11595c0e13d5423f621867a',
  },
  {
    name: 't10k-labels-idx1-ubyte.gz',
    shape: [10000],
    bytes: 5148,
    sha256: '67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5',
    content: '3d0e6c6ea990b53b6f8f500a41cac93881d981b315f84578b7d915342ade01e9',
  },
]

/** What the four files hold, in the order of `FILES`. */
export type Arrays = readonly [trainX: IdxArray, trainY: IdxArray, testX: IdxArray, testY: IdxArray]

/** The same four files with other numbers of images, as the sample has them. */
export function filesOf(train: number, test: number): readonly Pick<DataFile, 'name' | 'shape'>[] {
  return FILES.map(({ name, shape }, i) => ({ name, shape: [i < 2 ? train : test, ...shape.slice(1)] }))
}

/**
 * Reads the four files of a folder, gzipped or not; torchvision's `FashionMNIST/raw` inside it will do as well. Checks
 * that the labels are classes.
 *
 * Throws `ERR_DATA` where one is missing, `ERR_FILE_FORMAT` where one is not what it should be.
 */
export async function readFolder(
  folder: string,
  files: readonly Pick<DataFile, 'name' | 'shape'>[],
  signal?: AbortSignal,
): Promise<Arrays> {
  const paths = files.map(({ name }) => findFile(folder, name))
  const missing = files.filter((_, i) => paths[i] === undefined).map(({ name }) => name)
  if (missing.length > 0) {
    const state = existsSync(folder) ? 'lacks' : 'does not exist; it should hold'
    throw new DataError(`the folder ${folder} ${state} ${missing.join(', ')}`)
  }
  const reading = files.map(({ shape }, i) => readIdx(paths[i]!, { dtype: 'uint8', shape, signal }))
  const settled = await Promise.allSettled(reading)
  const failed = settled.find(result => result.status === 'rejected')
  if (failed) throw failed.reason
  const arrays = settled.map(result => (result as PromiseFulfilledResult<IdxArray>).value)
  for (const i of [1, 3]) {
    const odd = arrays[i]!.data.find(label => label > 9)
    if (odd !== undefined) throw new FileFormatError(`${paths[i]}: expected labels from 0 to 9, found ${odd}`)
  }
  return arrays as unknown as Arrays
}

function findFile(folder: string, name: string): string | undefined {
  const plain = name.replace(/\.gz$/, '')
  const raw = join(folder, 'FashionMNIST', 'raw')
  return [join(folder, name), join(folder, plain), join(raw, name), join(raw, plain)].find(existsSync)
}

/** Refuses data that are not Fashion-MNIST's own: what is fetched must be what its authors published. */
export function checkContent(arrays: Arrays, files: readonly DataFile[], origin: string): void {
  arrays.forEach(({ data }, i) => {
    const found = createHash('sha256').update(data).digest('hex')
    const { name, content } = files[i]!
    if (found !== content) {
      throw new DataError(`${name} of ${origin}: expected data with the SHA-256 ${content}, found ${found}`)
    }
  })
}
