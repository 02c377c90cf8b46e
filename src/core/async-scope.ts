import { AsyncScopeError } from './errors'

/** Refuses the promise that a function given to a scope returned: what follows an `await` would run outside of it. */
export function refusePromise(scope: string, result: unknown): void {
  if (typeof (result as { then?: unknown } | null | undefined)?.then !== 'function') return
  Promise.resolve(result).catch(() => {}) // nobody else will see how it ends
  throw new AsyncScopeError(
    `${scope} takes a synchronous function: what follows an 'await' would run outside of it. ` +
      `Put ${scope} around the synchronous parts`,
  )
}
