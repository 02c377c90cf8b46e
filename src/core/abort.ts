import { setImmediate } from 'node:timers/promises'

/**
 * What an aborted `train`, `evaluate`, `saveAsync` or `loadAsync` rejects with: `name` is `'AbortError'`, `code` `'ABORT_ERR'`, as Node's own,
 * and `cause` the signal's reason.
 */
export class AbortError extends Error {
  readonly code = 'ABORT_ERR'

  constructor(reason: unknown) {
    super('The operation was aborted', { cause: reason })
    this.name = 'AbortError'
  }
}

/** An `AbortSignal` or nothing, in the words of a check. */
export const SIGNAL = [
  'an AbortSignal',
  (value: unknown) => value === undefined || value instanceof AbortSignal,
] as const

/** Lets the event loop turn once, then throws an `AbortError` if the signal was aborted by then. */
export async function turn(signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) throw new AbortError(signal.reason)
  await setImmediate()
  if (signal?.aborted) throw new AbortError(signal.reason)
}
