import { readdirSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { DataError } from '../core/errors'
import { check, is, mergeArguments } from '../core/options'
import { frombuffer, type Tensor } from '../tensor'
import { Dataset, placeOf } from './dataset'
import { mapInOrder } from './eventually'
import { applied, checkTransforms, type TransformOptions } from './image-dataset'
import { portableClass } from './portable'
import type { TransformLike } from './transforms/transform'
import type { Eventually } from './types'

/** Options of `ImageFolder`. */
export interface ImageFolderOptions extends TransformOptions {
  /** Reads a picture; default through `sharp`: RGB, a tensor uint8 `[3, H, W]`. */
  loader?: ((path: string) => any) | null
  /** Whether classes may have no pictures; default false. */
  allowEmpty?: boolean
}

const EXTENSIONS = /\.(jpe?g|png|ppm|bmp|pgm|tiff?|webp|avif|gif)$/i
const NAMES = ['root', 'transform', 'targetTransform', 'loader', 'allowEmpty']

/**
 * Pictures in a folder for each class, as `torchvision.datasets.ImageFolder`: items `[image, label]`, a tensor uint8
 * `[3, H, W]` and a bigint, transformed. Classes and files come in Python's order. The items are promises: write
 * `for await`; the pictures of a batch are decoded at once, and transformed in order.
 *
 * The default loader is the package `sharp`, which is not installed with this one: `npm install sharp`. As in Python, pictures
 * are not turned by their EXIF data, and transparency is dropped.
 *
 * Throws `ERR_DATA` for a folder without classes, or a class without pictures; `get` rejects with `ERR_DATA` for a picture that
 * cannot be read, or without `sharp`.
 *
 * @see https://docs.pytorch.org/vision/stable/generated/torchvision.datasets.ImageFolder.html
 * @example
 * const { Compose, Resize, CenterCrop, ToTensor } = data.transforms
 * const set = new data.ImageFolder('photos', { transform: new Compose([new Resize(64), new CenterCrop(64), new ToTensor()]) })
 * for await (const [x, y] of new data.DataLoader(set, { batchSize: 32, shuffle: true, numWorkers: 2 })) { ... }
 */
export class ImageFolder extends Dataset<[image: any, label: any]> {
  readonly root: string
  /** The names of the folders, in order. */
  readonly classes: readonly string[]
  readonly classToIdx: Readonly<Record<string, number>>
  /** Path and label of each picture. */
  readonly samples: readonly (readonly [path: string, label: bigint])[]
  readonly transform: TransformLike | null
  readonly targetTransform: ((label: bigint) => any) | null
  readonly loader: ((path: string) => any) | null
  readonly allowEmpty: boolean

  constructor(root: string, options: ImageFolderOptions = {}) {
    super()
    const merged = mergeArguments('ImageFolder', NAMES, [root, options])
    const { loader = null, allowEmpty = false } = merged
    check('ImageFolder', 'root', root, is.string)
    checkTransforms('ImageFolder', merged)
    check('ImageFolder', 'loader', loader, ['a function or null', v => v === null || typeof v === 'function'])
    check('ImageFolder', 'allowEmpty', allowEmpty, is.boolean)
    this.root = resolve(root)
    this.transform = (merged.transform as TransformLike | undefined) ?? null
    this.targetTransform = options.targetTransform ?? null
    this.loader = options.loader ?? null
    this.allowEmpty = allowEmpty as boolean
    this.classes = foldersIn(this.root)
    this.classToIdx = Object.fromEntries(this.classes.map((name, i) => [name, i]))
    this.samples = this.classes.flatMap((name, i) =>
      picturesIn(join(this.root, name)).map(path => [path, BigInt(i)] as const),
    )
    const empty = this.classes.filter((_, i) => !this.samples.some(([, label]) => label === BigInt(i)))
    if (empty.length > 0 && !allowEmpty) throw new DataError(`Found no valid file for the classes ${empty.join(', ')}.`)
  }

  get length(): number {
    return this.samples.length
  }

  async get(index: number): Promise<[image: any, label: any]> {
    const [path, label] = this.samples[placeOf('ImageFolder', index, this.length)]!
    return applied(this, await this.#load(path), label)
  }

  /** Decoded at once, transformed in order: what transforms draw does not depend on which picture was ready first. */
  async getItems(indices: readonly number[]): Promise<[image: any, label: any][]> {
    const chosen = indices.map(index => this.samples[placeOf('ImageFolder', index, this.length)]!)
    const images = await Promise.all(chosen.map(([path]) => this.#load(path)))
    return mapInOrder([...chosen.keys()], i => applied(this, images[i], chosen[i]![1]))
  }

  #load(path: string): Eventually<unknown> {
    return this.loader === null ? decoded(path) : this.loader(path)
  }
}

portableClass(ImageFolder, ({ root, transform, targetTransform, loader, allowEmpty }) => [
  root,
  { transform, targetTransform, loader, allowEmpty },
])

// Python sorts by code points, as the default of `sort` does for all but rare characters
function foldersIn(root: string): string[] {
  let entries: string[]
  try {
    entries = readdirSync(root)
  } catch (error) {
    throw new DataError(`cannot read the folder ${root}: ${(error as Error).message}`, { cause: error })
  }
  const folders = entries.filter(name => statSync(join(root, name)).isDirectory()).sort()
  if (folders.length === 0) throw new DataError(`Couldn't find any class folder in ${root}.`)
  return folders
}

/** The pictures of a folder and of those inside, folder by folder in the order of their paths. */
function picturesIn(folder: string): string[] {
  const walk = (path: string): string[] => [
    path,
    ...readdirSync(path)
      .map(name => join(path, name))
      .filter(inner => statSync(inner).isDirectory())
      .flatMap(walk),
  ]
  return walk(folder)
    .sort()
    .flatMap(path => {
      const names = readdirSync(path).filter(name => EXTENSIONS.test(name) && statSync(join(path, name)).isFile())
      return names.sort().map(name => join(path, name))
    })
}

async function decoded(path: string): Promise<Tensor> {
  const sharp = await loadSharp()
  try {
    const picture = sharp(path).removeAlpha().toColourspace('srgb').raw()
    const { data, info } = await picture.toBuffer({ resolveWithObject: true })
    const pixels = (frombuffer(new Uint8Array(data), { dtype: 'uint8' }) as Tensor).view([
      info.height,
      info.width,
      info.channels,
    ]) as Tensor // [H, W, C]
    const whole = info.channels === 1 ? (pixels.expand([info.height, info.width, 3]) as Tensor) : pixels
    return whole.permute([2, 0, 1]).contiguous() as Tensor // [3, H, W]
  } catch (error) {
    throw new DataError(`cannot read the picture ${path}: ${(error as Error).message}`, { cause: error })
  }
}

type Sharp = typeof import('sharp')

async function loadSharp(): Promise<Sharp> {
  try {
    const module = (await import('sharp')) as unknown as { default: Sharp }
    return module.default
  } catch (error) {
    const message =
      'ImageFolder reads pictures through the package sharp, which cannot be loaded: `npm install sharp`, or give a { loader }'
    throw new DataError(message, { cause: error })
  }
}
