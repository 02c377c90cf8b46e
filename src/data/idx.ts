import { open } from 'node:fs/promises'
import { basename } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import type { DType } from '../core/dtype'
import { DataError, FileFormatError } from '../core/errors'

/** An array as an IDX file holds it: `data` in this machine's byte order, rows first. */
export interface IdxArray {
  dtype: IdxDType
  shape: number[]
  data: Uint8Array<ArrayBuffer>
}

/** The element types that an IDX file can name. */
export type IdxDType = Extract<DType, 'uint8' | 'int8' | 'int16' | 'int32' | 'float32' | 'float64'>

/** What the caller knows beforehand; anything else in the header is an error before the data are read. */
export interface IdxExpectation {
  dtype?: IdxDType
  /** The shape; a `null` stands for any size. */
  shape?: readonly (number | null)[]
  signal?: AbortSignal
}

const TYPES: Readonly<Record<number, readonly [IdxDType, number]>> = {
  8: ['uint8', 1],
  9: ['int8', 1],
  11: ['int16', 2],
  12: ['int32', 4],
  13: ['float32', 4],
  14: ['float64', 8],
}

/** Memory that a header may claim at first; what lies beyond grows with the bytes that really arrive. */
const FIRST_ALLOCATION = 64 * 1024 * 1024
/** No deflated byte becomes more bytes than these. */
const MOST_PER_BYTE = 1032

/**
 * Reads an IDX file (the format of MNIST and its kin), gzipped or plain: `0 0 type rank`, the sizes as big-endian 32-bit
 * numbers, the elements in row-major order. Decompresses as a stream and keeps at most twice of what has arrived, so a
 * header that lies costs nothing.
 *
 * Throws `ERR_DATA` where the file cannot be opened, `ERR_FILE_FORMAT` (file, expected, found) for a wrong magic number,
 * dtype or shape, missing or trailing bytes, and a damaged gzip stream; an aborted `signal` gives an `AbortError`.
 */
export async function readIdx(path: string, expectation: IdxExpectation = {}): Promise<IdxArray> {
  expectation.signal?.throwIfAborted()
  const handle = await open(path).catch(error => {
    throw new DataError(`cannot open ${path}: ${error.message}`, { cause: error })
  })
  try {
    const status = await handle.stat()
    if (!status.isFile()) throw new DataError(`cannot read ${path}: expected a file, found a folder or device`)
    const magic = new Uint8Array(2)
    const { bytesRead } = await handle.read(magic, 0, 2, 0)
    const source = handle.createReadStream({ start: 0, autoClose: false, highWaterMark: 1 << 18 })
    const reader = new IdxReader(path, expectation, status.size * MOST_PER_BYTE)
    let refusal: unknown
    const consume = async (chunks: AsyncIterable<Uint8Array>) => {
      try {
        for await (const chunk of chunks) reader.push(chunk)
      } catch (error) {
        refusal = error
        throw error
      }
    }
    const signal = expectation.signal
    const gunzip = bytesRead === 2 && magic[0] === 0x1f && magic[1] === 0x8b && createGunzip({ chunkSize: 1 << 18 })
    if (!gunzip) reader.plainSize = status.size
    const running = gunzip ? pipeline(source, gunzip, consume, { signal }) : pipeline(source, consume, { signal })
    const failure: NodeJS.ErrnoException | undefined = await running.then(
      () => undefined,
      error => error,
    )
    // Where one stream ends early, pipeline reports that it aborted the others: look for what was behind it first.
    if (refusal instanceof FileFormatError) throw refusal
    signal?.throwIfAborted()
    if (failure?.code?.startsWith('Z_')) {
      throw new FileFormatError(`${basename(path)}: damaged gzip data: ${failure.message} (${path})`, {
        cause: failure,
      })
    }
    if (gunzip && gunzip.bytesWritten < status.size) {
      const extra = status.size - gunzip.bytesWritten
      throw new FileFormatError(
        `${basename(path)}: expected nothing after the gzip data, found ${extra} bytes (${path})`,
      )
    }
    if (failure) throw failure
    return reader.finish()
  } finally {
    await handle.close()
  }
}

/** Takes the decompressed bytes as they come. */
class IdxReader {
  /** The size of a file that is not compressed: its header can be checked against it before anything is allocated. */
  plainSize: number | undefined
  #header: number[] = []
  #dtype: IdxDType = 'uint8'
  #itemSize = 1
  #shape: number[] = []
  #expected = -1
  #data = new Uint8Array(0)
  #received = 0

  constructor(
    readonly path: string,
    readonly expectation: IdxExpectation,
    readonly most: number,
  ) {}

  push(chunk: Uint8Array): void {
    let at = 0
    while (this.#expected < 0 && at < chunk.length) {
      this.#header.push(chunk[at++]!)
      if (this.#header.length === 4) this.#readMagic()
      if (this.#header.length >= 4 && this.#header.length === 4 + 4 * this.#header[3]!) this.#readShape()
    }
    if (at === chunk.length) return
    const rest = chunk.subarray(at)
    const needed = this.#received + rest.length
    if (needed > this.#expected) {
      const found = this.plainSize === undefined ? 'more' : `${this.plainSize}`
      throw this.#error(`expected ${this.#total()} bytes for ${this.#text()}, found ${found}`)
    }
    if (needed > this.#data.length) {
      const grown = new Uint8Array(Math.min(this.#expected, Math.max(needed, 2 * this.#data.length)))
      grown.set(this.#data.subarray(0, this.#received))
      this.#data = grown
    }
    this.#data.set(rest, this.#received)
    this.#received = needed
  }

  finish(): IdxArray {
    if (this.#expected < 0) {
      throw this.#error(`expected an IDX header, found a file that ends after ${this.#header.length} bytes`)
    }
    if (this.#received < this.#expected) {
      const found = this.#received + this.#header.length
      throw this.#error(`expected ${this.#total()} bytes for ${this.#text()}, found ${found}: the file is cut off`)
    }
    const data = this.#data
    if (this.#itemSize > 1) swapBytes(data, this.#itemSize)
    return { dtype: this.#dtype, shape: this.#shape, data }
  }

  #readMagic(): void {
    const [a, b, code, rank] = this.#header as [number, number, number, number]
    const type = TYPES[code]
    if (a !== 0 || b !== 0 || type === undefined) {
      const found = this.#header.map(byte => byte.toString(16).padStart(2, '0')).join(' ')
      throw this.#error(`expected the magic number of an IDX file (00 00, a type of 08 to 0e, a rank), found ${found}`)
    }
    this.#dtype = type[0]
    this.#itemSize = type[1]
    const { dtype, shape } = this.expectation
    if (dtype !== undefined && dtype !== this.#dtype) {
      throw this.#error(`expected elements of ${dtype}, found ${this.#dtype}`)
    }
    if (shape !== undefined && shape.length !== rank) {
      throw this.#error(`expected ${shape.length} dimensions, found ${rank}`)
    }
  }

  #readShape(): void {
    const view = new DataView(Uint8Array.from(this.#header).buffer)
    for (let at = 4; at < view.byteLength; at += 4) this.#shape.push(view.getUint32(at))
    const wanted = this.expectation.shape
    if (wanted?.some((size, i) => size !== null && size !== this.#shape[i])) {
      const expected = wanted.map(size => size ?? 'N').join(' x ')
      throw this.#error(`expected ${expected} elements, found ${this.#shape.join(' x ')}`)
    }
    const size = this.#shape.reduce((product, n) => product * n, this.#itemSize)
    this.#expected = size
    if (this.plainSize !== undefined && this.plainSize !== this.#total()) {
      const why = this.plainSize < this.#total() ? ': the file is cut off' : ''
      throw this.#error(`expected ${this.#total()} bytes for ${this.#text()}, found ${this.plainSize}${why}`)
    }
    this.#data = new Uint8Array(Math.min(size, this.most, FIRST_ALLOCATION))
  }

  #total(): number {
    return this.#header.length + this.#expected
  }

  #text(): string {
    return `${this.#shape.join(' x ')} ${this.#dtype}`
  }

  #error(message: string): FileFormatError {
    return new FileFormatError(`${basename(this.path)}: ${message} (${this.path})`)
  }
}

/** IDX files are big-endian, the machines that libtorch runs on little-endian. */
function swapBytes(data: Uint8Array<ArrayBuffer>, itemSize: number): void {
  const buffer = Buffer.from(data.buffer, data.byteOffset, data.byteLength)
  if (itemSize === 2) buffer.swap16()
  else if (itemSize === 4) buffer.swap32()
  else buffer.swap64()
}
