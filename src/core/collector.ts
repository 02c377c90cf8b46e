import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { binding } from '../native/load'

/*
 * A tensor is a small JavaScript object with a large native half that V8 knows little about. Left alone, V8 collects
 * twenty thousand of them at once, which ruins the allocator's caches and holds their memory long; asked for a minor
 * collection every thousand or so, it frees what a loop dropped while that is still warm (measured: 1.2 of Python's
 * cost of a call without, 0.73 with).
 */

type CollectOptions = { type: 'minor' | 'major' }

function takeCollector(): ((options?: CollectOptions) => void) | undefined {
  const existing = (globalThis as { gc?: (options?: CollectOptions) => void }).gc
  if (typeof existing === 'function') return existing
  try {
    setFlagsFromString('--expose-gc')
    const found = runInNewContext('gc') as (options?: CollectOptions) => void
    setFlagsFromString('--no-expose-gc')
    return found
  } catch {
    return undefined // a runtime without the flag: V8's own pace has to do
  }
}

const MINOR: CollectOptions = { type: 'minor' }
const FIRST_INTERVAL = 2048
const LAST_INTERVAL = 65536
// A minor collection of 2,048 results takes 15-20 % of the time of making them, and saves more than that
const SHARE_OF_TIME = 0.5
const PRESSURE = 0 // index in `binding.flags`: 256 MB were allocated since the last collection

const flags = binding.flags
const collect = takeCollector()
let enabled = collect !== undefined && process.env.LIBTORCH_NODE_COLLECT !== '0'
let interval = FIRST_INTERVAL
let results = 0
let lastEnd = performance.now()
let bytesAfterMajor = 0

/** Counts one result; now and then asks for a minor collection. */
export function tick(): void {
  if (++results >= interval || flags[PRESSURE] !== 0) collectMinor()
}

function collectMinor(): void {
  results = 0
  if (!enabled) {
    if (flags[PRESSURE] !== 0) binding.resetPressure()
    return
  }
  const pressed = flags[PRESSURE] !== 0
  const start = performance.now()
  collect!(MINOR)
  if (pressed) {
    binding.resetPressure()
    // What stays alive through minor collections has moved to the old generation: when it doubles, look there too
    const bytes = binding.memoryStats().bytes
    if (bytes > 2 * bytesAfterMajor + (512 << 20)) {
      collect!()
      binding.releaseAll()
      bytesAfterMajor = binding.memoryStats().bytes
    }
  }
  const end = performance.now()
  // Many live objects make minor collections dear: then ask less often
  const share = (end - start) / Math.max(end - lastEnd, 1e-6)
  if (share > SHARE_OF_TIME) interval = Math.min(interval * 2, LAST_INTERVAL)
  else if (share < SHARE_OF_TIME / 2 && interval > FIRST_INTERVAL) interval /= 2
  lastEnd = end
}

/** Runs a full collection and frees every tensor that nobody can reach any more. */
export function collectGarbage(): void {
  collect?.()
  binding.releaseAll()
}

/** Switches the package's own collections on or off; gives what it was. `LIBTORCH_NODE_COLLECT=0` starts with off. */
export function setCollecting(on: boolean): boolean {
  const before = enabled
  enabled = on && collect !== undefined
  return before
}
