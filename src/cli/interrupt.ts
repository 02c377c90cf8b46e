/** Ctrl-C as an `AbortSignal`, while a command has something to keep. */
export interface Interrupt extends Disposable {
  readonly signal: AbortSignal
}

/**
 * The first Ctrl-C (or `SIGTERM`) aborts the signal and is told through `onFirst`; from then on the system's own handling is
 * back, so the second one ends the process at once, even in the middle of a step.
 */
export function interruptible(onFirst: () => void): Interrupt {
  const controller = new AbortController()
  const stop = () => {
    process.off('SIGINT', handle)
    process.off('SIGTERM', handle)
  }
  const handle = (signal: NodeJS.Signals) => {
    stop()
    onFirst()
    controller.abort(new Error(`interrupted by ${signal}`))
  }
  process.on('SIGINT', handle)
  process.on('SIGTERM', handle)
  return { signal: controller.signal, [Symbol.dispose]: stop }
}
