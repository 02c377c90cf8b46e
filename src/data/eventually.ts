import type { Eventually } from './types'

export function isPromise<T>(value: Eventually<T>): value is Promise<T> {
  return typeof (value as Promise<T> | undefined | null)?.then === 'function'
}

/** Goes on with a value at once, or when it is there: what is synchronous stays so. */
export function after<T, R>(value: Eventually<T>, next: (value: T) => Eventually<R>): Eventually<R> {
  return isPromise(value) ? value.then(next) : next(value)
}

/** Maps one after another, each when the one before is there: what draws random numbers draws them in order. */
export function mapInOrder<T, R>(values: readonly T[], map: (value: T) => Eventually<R>): Eventually<R[]> {
  const mapped: R[] = []
  for (let i = 0; i < values.length; i++) {
    const value = map(values[i]!)
    if (isPromise(value)) return mapRest(value, values, i + 1, map, mapped)
    mapped.push(value)
  }
  return mapped
}

async function mapRest<T, R>(
  first: Promise<R>,
  values: readonly T[],
  start: number,
  map: (value: T) => Eventually<R>,
  mapped: R[],
): Promise<R[]> {
  mapped.push(await first)
  for (let i = start; i < values.length; i++) mapped.push(await map(values[i]!))
  return mapped
}
