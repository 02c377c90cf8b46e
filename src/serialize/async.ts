import { type FileHandle, open } from 'node:fs/promises'
import { resolve } from 'node:path'
import { AbortError, SIGNAL } from '../core/abort'
import type { Device } from '../core/device'
import { FileFormatError } from '../core/errors'
import { check, is, mergeArguments } from '../core/options'
import type { Tensor } from '../tensor'
import { checkDevice } from '../tensor/conversions'
import { filePath, namedTensors, outlines } from './arguments'
import type { LoadOptions, SaveOptions } from './index'
import { decodeHeader, encodeHeader, type Header, headerLength } from './safetensors'
import { Reading, type Watching, Writing } from './transfer'

/** Options of `saveAsync`. */
export interface SaveAsyncOptions extends SaveOptions, Watching {}

/** Options of `loadAsync`. */
export interface LoadAsyncOptions extends LoadOptions, Watching {}

/**
 * Writes what `save` writes, byte for byte, on the package's own thread; resolves when the file has its name.
 *
 * The file holds the tensors' values as of the call, and so it does beside a running `train`: a step that was asked for
 * before is in it as a whole, one that comes later is not. Nothing is copied for that: what is queued later runs after
 * the writing, and a call that wants one of these tensors at once waits for it. (Memory that a typed array shares is the
 * exception: what JavaScript writes into it meanwhile may get into the file.)
 *
 * The file gets its name when it is complete and on the disk; a failure, an abort or the end of the process leaves an
 * older one as it was, and nothing beside it. Of two at once to the same path the later call wins.
 *
 * Rejects with an `AbortError` (its `cause` is the signal's reason) where `signal` is aborted before the file has its
 * name, with what `onProgress` throws, and with the errors of `save`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.save.html
 * @example
 * await torch.saveAsync(model.stateDict(), 'net.safetensors', { signal: AbortSignal.timeout(60_000) })
 */
export async function saveAsync(
  tensors: Readonly<Record<string, Tensor>>,
  path: string | URL,
  ...args: [SaveAsyncOptions?]
): Promise<void> {
  const merged = mergeArguments('saveAsync', ['metadata', 'onProgress', 'signal'], args)
  const file = resolve(filePath('saveAsync', path))
  const watching = checkWatching('saveAsync', merged)
  const metadata = merged.metadata as SaveOptions['metadata']
  const { header, tensors: placed } = encodeHeader(outlines('saveAsync', tensors), metadata)
  const values = placed.map(({ name }) => tensors[name]!)
  const lengths = placed.map(({ begin, end }) => end - begin)
  const total = header.length + (placed.at(-1)?.end ?? 0)
  await new Writing(file, header, values, lengths).done(watching, total)
}

/**
 * Reads what `load` reads, on the package's own thread and straight into the tensors' memory; gives the tensors by name,
 * in the order of their data in the file. Queued work of others, as a training's, has its turn between the pieces.
 *
 * Rejects with an `AbortError` (its `cause` is the signal's reason), with what `onProgress` throws, and with the errors
 * of `load`; what was read till then is freed.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.load.html
 * @example
 * model.loadStateDict(await torch.loadAsync('net.safetensors'))
 */
export async function loadAsync(
  path: string | URL,
  ...args: [(Device | LoadAsyncOptions)?, LoadAsyncOptions?]
): Promise<Record<string, Tensor>> {
  const merged = mergeArguments('loadAsync', ['mapLocation', 'device', 'onProgress', 'signal'], args)
  const device = merged.mapLocation ?? merged.device ?? 'cpu'
  check('loadAsync', 'mapLocation', device, is.string)
  const file = filePath('loadAsync', path)
  const watching = checkWatching('loadAsync', merged)
  const { reading, tensors, total } = await begin(file, device as Device)
  return namedTensors(tensors, await reading.done(watching, total))
}

function checkWatching(what: string, { onProgress, signal }: Record<string, unknown>): Watching {
  check(what, 'onProgress', onProgress, ['a function', value => value === undefined || typeof value === 'function'])
  check(what, 'signal', signal, SIGNAL)
  const watching = { onProgress, signal } as Watching
  if (watching.signal?.aborted) throw new AbortError(watching.signal.reason)
  return watching
}

/** Opens a file and reads its header. */
async function begin(file: string, device: Device): Promise<{ reading: Reading; total: number } & Header> {
  const handle = await open(file, 'r')
  try {
    const { size } = await handle.stat()
    const length = headerLength(file, await readAt(file, handle, 0, Math.min(size, 8)), size)
    const start = 8 + length
    const header = decodeHeader(file, await readAt(file, handle, 8, length), size - start)
    if (header.tensors.length > 0) checkDevice(device)
    return { ...header, reading: new Reading(file, handle.fd, start, device, header.tensors), total: size }
  } finally {
    await handle.close()
  }
}

async function readAt(file: string, handle: FileHandle, position: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length)
  for (let at = 0; at < length; ) {
    const { bytesRead } = await handle.read(bytes, at, length - at, position + at)
    if (bytesRead === 0) throw new FileFormatError(`${file}: the file became shorter while it was read`)
    at += bytesRead
  }
  return bytes
}
