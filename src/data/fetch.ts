import { type Allocate, collate as collateInto } from './collate'
import { batchOf, itemsOf } from './dataset'
import { after, isPromise } from './eventually'
import type { Eventually, MapDataset } from './types'

/** How batches are made: what the loader's thread and its workers share. */
export interface Recipe {
  dataset: MapDataset | Iterable<unknown> | AsyncIterable<unknown>
  isStream: boolean
  /** Whether there are batches, or items alone. */
  batching: boolean
  /** `null` is the default one. */
  collate: ((items: unknown) => unknown) | null
  dropLast: boolean
  /** Where the default collate puts tensors. */
  allocate?: Allocate
}

/** The end of a stream. */
export const END = Symbol('end')

/** Makes the batch for what a sampler gave: a place, several, or for a stream so many of whatever. */
export interface Fetch {
  (index: unknown): Eventually<unknown | typeof END>
  /** Tells a stream that no more is wanted. */
  close?(): unknown
}

/** One pass over a data set. */
export function fetcherOf(recipe: Recipe): Fetch {
  return recipe.isStream ? streamFetcher(recipe) : index => fetchPlaces(recipe, index)
}

function fetchPlaces(recipe: Recipe, index: unknown): unknown {
  const dataset = recipe.dataset as MapDataset
  const { batching, collate, allocate } = recipe
  if (!batching) return after(dataset.get(index as number), item => (collate ? collate(item) : item))
  const places = index as readonly number[]
  return collate === null ? batchOf(dataset, places, allocate) : after(itemsOf(dataset, places), collate)
}

function streamFetcher({ dataset, batching, collate, dropLast, allocate }: Recipe): Fetch {
  const iterator = iteratorOf(dataset as Iterable<unknown> | AsyncIterable<unknown>)
  const next = (): Eventually<IteratorResult<unknown>> => iterator.next()
  let ended = false
  const finish = (items: unknown[], wanted: number) => {
    if (items.length === 0 || (dropLast && items.length < wanted)) return END
    return collate ? collate(items) : collateInto(items, allocate)
  }
  const gather = (items: unknown[], wanted: number): Eventually<unknown> => {
    while (!ended && items.length < wanted) {
      const step = next()
      if (isPromise(step)) {
        return step.then(result => {
          add(items, result)
          return gather(items, wanted)
        })
      }
      add(items, step)
    }
    return finish(items, wanted)
  }
  const add = (items: unknown[], result: IteratorResult<unknown>) => {
    if (result.done) ended = true
    else items.push(result.value)
  }
  const fetch: Fetch = index => {
    if (ended) return END
    if (batching) return gather([], (index as readonly unknown[]).length)
    return after(next(), result => {
      ended = result.done === true
      if (ended) return END
      return collate ? collate(result.value) : result.value
    })
  }
  fetch.close = () => (ended ? undefined : iterator.return?.())
  return fetch
}

function iteratorOf(stream: Iterable<unknown> | AsyncIterable<unknown>): Iterator<unknown> | AsyncIterator<unknown> {
  const now = (stream as Partial<Iterable<unknown>>)[Symbol.iterator]
  return typeof now === 'function' ? now.call(stream) : (stream as AsyncIterable<unknown>)[Symbol.asyncIterator]()
}
