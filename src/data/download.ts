import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream, existsSync } from 'node:fs'
import { rm, stat } from 'node:fs/promises'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream } from 'node:stream/web'
import { DataError } from '../core/errors'

/** What is known beforehand of a file to fetch. */
export interface Expected {
  bytes: number
  sha256: string
}

export interface DownloadOptions {
  signal?: AbortSignal
  /** Called as bytes come. */
  onBytes?: (received: number, total: number) => void
  /** Go on with what an earlier download left in `path`, and leave there what came where the connection is lost; default false. */
  resume?: boolean
  /** Give up when nothing has come for so long; default 30,000 ms. */
  silence?: number
}

/**
 * Fetches a file of known length and checksum into `path`, which must not exist (but for `resume`); leaves nothing there unless
 * it is right, or can be gone on with.
 * Throws `ERR_DATA` that says what was expected and what came; an aborted `signal` gives an `AbortError`.
 */
export async function download(
  address: string,
  path: string,
  expected: Expected,
  { signal, onBytes, resume = false, silence = 30_000 }: DownloadOptions = {},
): Promise<void> {
  signal?.throwIfAborted()
  const silent = new AbortController()
  const quiet = () => silent.abort(new DataError(`nothing came for ${silence / 1000} s`))
  const timer = setTimeout(quiet, silence)
  const either = signal ? AbortSignal.any([signal, silent.signal]) : silent.signal
  let hash = createHash('sha256')
  let received = 0
  let isWrong = false
  const meter = new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      timer.refresh()
      received += chunk.length
      hash.update(chunk)
      onBytes?.(received, expected.bytes)
      isWrong = received > expected.bytes
      if (isWrong) done(new DataError(`expected ${expected.bytes} bytes, found more`))
      else done(null, chunk)
    },
  })
  try {
    if (resume && existsSync(path)) {
      const { size } = await stat(path)
      if (size >= expected.bytes) await rm(path)
      else {
        for await (const chunk of createReadStream(path)) hash.update(chunk)
        received = size
      }
    }
    const headers: Record<string, string> = { 'accept-encoding': 'identity' }
    if (received > 0) headers.range = `bytes=${received}-`
    const response = await fetch(address, { signal: either, headers })
    if (received > 0 && response.status !== 206) {
      // a server that sends the whole file
      hash = createHash('sha256')
      received = 0
    }
    if (!response.ok || response.body === null) {
      await response.body?.cancel()
      throw new DataError(`HTTP ${response.status} ${response.statusText}`.trim())
    }
    const body = response.body as ReadableStream<Uint8Array>
    await pipeline(body, meter, createWriteStream(path, { flags: received > 0 ? 'a' : resume ? 'w' : 'wx' }), {
      signal: either,
    })
    if (received < expected.bytes) {
      throw new DataError(`expected ${expected.bytes} bytes, found ${received}: the download was cut off`)
    }
    const found = hash.digest('hex')
    isWrong = found !== expected.sha256
    if (isWrong) throw new DataError(`expected the SHA-256 ${expected.sha256}, found ${found}`)
  } catch (error) {
    if (!resume || isWrong) await rm(path, { force: true })
    signal?.throwIfAborted()
    throw new DataError(`${address}: ${reason(silent.signal.aborted ? silent.signal.reason : error)}`, { cause: error })
  } finally {
    clearTimeout(timer)
  }
}

/** `fetch` hides what went wrong ('fetch failed') in the cause. */
function reason(error: unknown): string {
  let inner = error
  while (inner instanceof Error && inner.cause instanceof Error) inner = inner.cause
  return inner instanceof Error ? inner.message || String((inner as NodeJS.ErrnoException).code) : String(inner)
}
