/**
 * An installation problem as a person needs it: what was found, what was expected, what to type next.
 * Everything that can go wrong on the way from a bare machine to a built addon is thrown as one of these.
 */
export class InstallError extends Error {
  /** @param {{ problem: string, found: string, expected: string, next: string | string[], cause?: unknown }} facts */
  constructor({ problem, found, expected, next, cause }) {
    const steps = Array.isArray(next) ? next : [next]
    super(
      [problem, `  found:    ${found}`, `  expected: ${expected}`, ...steps.map(line => `  next:     ${line}`)].join(
        '\n',
      ),
      cause === undefined ? undefined : { cause },
    )
    this.name = 'InstallError'
  }
}

/** The innermost text of an error: `fetch failed` alone says nothing, its cause does. */
export function reasonOf(error) {
  let innermost = error
  while (innermost?.cause) innermost = innermost.cause
  if (innermost?.errors?.length) innermost = innermost.errors[0]
  return innermost?.code && !innermost.message?.includes(innermost.code)
    ? `${innermost.code} ${innermost.message ?? ''}`.trim()
    : (innermost?.message ?? String(innermost))
}

/** Ends a command: an InstallError speaks for itself, anything else keeps its stack. */
export function fail(error) {
  console.error(`libtorch-node: ${error instanceof InstallError ? error.message : (error?.stack ?? error)}`)
  process.exitCode = 1
}
