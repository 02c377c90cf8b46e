import { check } from '../core/options'
import type { Tensor } from '../tensor'
import { type Allocate, collate } from './collate'
import { Dataset, itemsOf, placeOf } from './dataset'
import { after } from './eventually'
import { portableClass } from './portable'
import { TensorDataset } from './tensor-dataset'
import { checkTransform, type TransformLike, transformed } from './transforms/transform'
import type { Eventually } from './types'

/** What is done to the images and labels of a data set when they are taken. */
export interface TransformOptions {
  /** For each image: a transform or a function, which may give a promise. */
  transform?: TransformLike | null
  /** For each label. */
  targetTransform?: ((label: bigint) => any) | null
}

/** Checks `transform` and `targetTransform`. */
export function checkTransforms(what: string, { transform = null, targetTransform = null }: TransformOptions): void {
  if (transform !== null) checkTransform(`${what}: 'transform'`, transform)
  const fn = (value: unknown) => value === null || typeof value === 'function'
  check(what, 'targetTransform', targetTransform, ['a function or null', fn])
}

/** An image and its label with the transforms applied. */
export function applied(
  { transform, targetTransform }: TransformOptions,
  image: unknown,
  label: bigint,
): Eventually<[any, any]> {
  const target = targetTransform ? targetTransform(label) : label
  return transform ? after(transformed(transform, image), made => [made, target]) : [image, target]
}

/**
 * Images that lie in memory with their labels: items `[image, label]`, a tensor uint8 `[H, W]` or `[C, H, W]` as torchvision's
 * PIL image, and a bigint, as transforms make them. Without transforms a loader takes batches with one `indexSelect`.
 */
export class ImageDataset extends Dataset<[image: any, label: any]> {
  /** Whose place is the label. */
  readonly classes: readonly string[]
  /** All images, uint8. */
  readonly data: Tensor
  /** All labels, int64 `[N]`. */
  readonly targets: Tensor<[number], 'int64'>
  readonly transform: TransformLike | null
  readonly targetTransform: ((label: bigint) => any) | null
  readonly #rows: TensorDataset

  constructor(data: Tensor, targets: Tensor, classes: readonly string[], options: TransformOptions = {}) {
    super()
    checkTransforms('ImageDataset', options)
    this.data = data
    this.targets = targets.long() as Tensor<[number], 'int64'>
    this.classes = classes
    this.transform = options.transform ?? null
    this.targetTransform = options.targetTransform ?? null
    this.#rows = new TensorDataset(this.data, this.targets)
  }

  get length(): number {
    return this.#rows.length
  }

  get(index: number): Eventually<[image: any, label: any]> {
    const place = placeOf('ImageDataset', index, this.length)
    using label = this.targets.select(0, place) as Tensor
    return applied(this, this.data.select(0, place), label.item({ bigint: true }) as bigint)
  }

  getBatch(indices: readonly number[], allocate?: Allocate): unknown {
    if (this.transform === null && this.targetTransform === null) return this.#rows.getBatch(indices, allocate)
    const each = { length: this.length, get: (index: number) => this.get(index) }
    return after(itemsOf(each, indices), items => collate(items, allocate))
  }
}

portableClass(ImageDataset, ({ data, targets, classes, transform, targetTransform }) => [
  data,
  targets,
  classes,
  { transform, targetTransform },
])
