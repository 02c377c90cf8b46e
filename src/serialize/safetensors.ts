import type { DType } from '../core/dtype'
import {
  describe,
  FileFormatError,
  InvalidArgTypeError,
  InvalidArgValueError,
  UnsupportedTypeError,
} from '../core/errors'

/** One tensor of a file: its place is `[begin, end)` in the bytes after the header. */
export interface TensorInfo {
  name: string
  /** The format's name of the element type. */
  type: string
  shape: number[]
  begin: number
  end: number
}

/** What the header of a file says. */
export interface Header {
  /** In the order of their places. */
  tensors: TensorInfo[]
  metadata: Record<string, string> | null
}

/** The file format's own limit. */
export const MAX_HEADER = 100_000_000
const LENGTH_BYTES = 8

// In the order of the reference implementation's writer, which puts the later ones first in a file. The bits count an
// element; what libtorch cannot hold as one dtype of its own has none.
const TYPES: readonly (readonly [type: string, bits: number, dtype: DType | null])[] = [
  ['BOOL', 8, 'bool'],
  ['F4', 4, null],
  ['F6_E2M3', 6, null],
  ['F6_E3M2', 6, null],
  ['U8', 8, 'uint8'],
  ['I8', 8, 'int8'],
  ['F8_E5M2', 8, 'float8_e5m2'],
  ['F8_E4M3', 8, 'float8_e4m3fn'],
  ['F8_E8M0', 8, 'float8_e8m0fnu'],
  ['F8_E4M3FNUZ', 8, 'float8_e4m3fnuz'],
  ['F8_E5M2FNUZ', 8, 'float8_e5m2fnuz'],
  ['I16', 16, 'int16'],
  ['U16', 16, 'uint16'],
  ['F16', 16, 'float16'],
  ['BF16', 16, 'bfloat16'],
  ['I32', 32, 'int32'],
  ['U32', 32, 'uint32'],
  ['F32', 32, 'float32'],
  ['C64', 64, 'complex64'],
  ['F64', 64, 'float64'],
  ['I64', 64, 'int64'],
  ['U64', 64, 'uint64'],
]
const BITS = new Map(TYPES.map(([type, bits]) => [type, bits]))
const RANK = new Map(TYPES.map(([type], rank) => [type, rank]))
const TYPE_OF = new Map(TYPES.map(([type, , dtype]) => [dtype, type]))
const DTYPE_OF = new Map(TYPES.map(([type, , dtype]) => [type, dtype]))

/** The dtype of an element type. Throws `ERR_UNSUPPORTED_TYPE` for those that no dtype holds. */
export function dtypeOf({ name, type }: TensorInfo): DType {
  const dtype = DTYPE_OF.get(type)
  if (dtype) return dtype
  throw new UnsupportedTypeError(`tensor '${name}' has elements of ${type}, for which this package has no dtype`)
}

/** What to write of a tensor before its bytes. */
export interface Outline {
  name: string
  dtype: DType
  shape: readonly number[]
}

/** The header for these tensors, and the order in which their bytes follow: byte for byte what Python writes. */
export function encodeHeader(
  outlines: readonly Outline[],
  metadata?: Readonly<Record<string, string>>,
): { header: Uint8Array; tensors: TensorInfo[] } {
  const typed = outlines.map(({ name, dtype, shape }) => ({ name, type: typeOf(name, dtype), shape: [...shape] }))
  typed.sort(
    (a, b) => RANK.get(b.type)! - RANK.get(a.type)! || Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)),
  )
  let end = 0
  const tensors = typed.map(info => {
    const begin = end
    end += bytesOf(info)
    return { ...info, begin, end }
  })
  const entries = tensors.map(({ name, type, shape, begin, end }) => {
    checkText(name, 'a tensor name')
    return `${JSON.stringify(name)}:{"dtype":"${type}","shape":[${shape}],"data_offsets":[${begin},${end}]}`
  })
  if (metadata !== undefined) entries.unshift(`"__metadata__":${JSON.stringify(checkMetadata(metadata))}`)
  const text = Buffer.from(`{${entries.join(',')}}`)
  const length = Math.ceil(text.length / LENGTH_BYTES) * LENGTH_BYTES
  if (length > MAX_HEADER) {
    throw new InvalidArgValueError(`a safetensors header of ${length} bytes: at most ${MAX_HEADER} are possible`)
  }
  const header = Buffer.alloc(LENGTH_BYTES + length, ' ')
  header.writeBigUInt64LE(BigInt(length))
  text.copy(header, LENGTH_BYTES)
  return { header, tensors }
}

function typeOf(name: string, dtype: DType): string {
  const type = TYPE_OF.get(dtype)
  if (type !== undefined) return type
  throw new UnsupportedTypeError(`tensor '${name}': safetensors files cannot hold ${dtype}`)
}

function bytesOf({ type, shape }: { type: string; shape: readonly number[] }): number {
  return shape.reduce((product, size) => product * size, BITS.get(type)! / 8)
}

function checkMetadata(metadata: unknown): Record<string, string> {
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata)) {
    throw new InvalidArgTypeError(`'metadata' must be an object of strings, got ${describe(metadata)}`)
  }
  for (const [key, value] of Object.entries(metadata)) {
    if (typeof value !== 'string') {
      throw new InvalidArgTypeError(`'metadata' holds strings only, got ${describe(value)} as '${key}'`)
    }
    checkText(key, 'a metadata key')
    checkText(value, 'a metadata value')
  }
  return metadata as Record<string, string>
}

function checkText(text: string, what: string): void {
  if (/\p{Surrogate}/u.test(text)) {
    throw new InvalidArgValueError(`${what} must be well-formed Unicode, got ${JSON.stringify(text)}`)
  }
}

/**
 * The length of the header that a file begins with, from its first 8 bytes. Throws `ERR_FILE_FORMAT` where the file cannot
 * hold such a header, so that nobody allocates it.
 */
export function headerLength(file: string, prefix: Uint8Array, fileSize: number): number {
  if (prefix.length < LENGTH_BYTES) {
    throw broken(file, `expected at least ${LENGTH_BYTES} bytes, found ${prefix.length}`)
  }
  const length = Buffer.from(prefix.buffer, prefix.byteOffset, LENGTH_BYTES).readBigUInt64LE()
  if (length > BigInt(MAX_HEADER)) {
    throw broken(file, `expected a header of at most ${MAX_HEADER} bytes, found one said to be ${length} long`)
  }
  if (Number(length) > fileSize - LENGTH_BYTES) {
    throw broken(file, `expected a header of ${length} bytes, found ${fileSize - LENGTH_BYTES} after its length`)
  }
  return Number(length)
}

/**
 * Reads and checks a header, all as the reference implementation does: every tensor's bytes follow the last one's
 * without a hole or an overlap, are as many as dtype and shape need, and together make up the file.
 *
 * `dataSize` is the number of bytes after the header. Throws `ERR_FILE_FORMAT`.
 */
export function decodeHeader(file: string, bytes: Uint8Array, dataSize: number): Header {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    throw broken(file, 'expected a header of UTF-8 text, found other bytes', cause)
  }
  checkStructure(file, text)
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch (cause) {
    throw broken(file, `expected a header of JSON: ${(cause as Error).message.slice(0, 200)}`, cause)
  }
  if (!isRecord(parsed)) throw broken(file, `expected a header that is a JSON object, found ${describe(parsed)}`)

  let metadata: Record<string, string> | null = null
  const tensors: TensorInfo[] = []
  for (const name of Object.keys(parsed)) {
    const entry = parsed[name]
    if (/\p{Surrogate}/u.test(name)) {
      throw broken(file, `expected names of well-formed Unicode, found ${JSON.stringify(name)}`)
    }
    if (name === '__metadata__') metadata = readMetadata(file, entry)
    else tensors.push(readEntry(file, name, entry))
  }
  tensors.sort((a, b) => a.begin - b.begin || a.end - b.end)
  let at = 0
  for (const { name, type, shape, begin, end } of tensors) {
    if (begin !== at) {
      throw broken(file, `tensor '${name}': expected its data at ${at}, found data_offsets [${begin}, ${end}]`)
    }
    const bits = BITS.get(type)! * shape.reduce((product, size) => product * size, 1)
    const needed = bits / 8
    if (!Number.isSafeInteger(bits)) throw broken(file, `tensor '${name}': the shape [${shape}] is beyond all memory`)
    if (!Number.isInteger(needed) || needed !== end - begin) {
      throw broken(file, `tensor '${name}': expected ${needed} bytes for ${type} [${shape}], found ${end - begin}`)
    }
    at = end
  }
  if (at !== dataSize) {
    const state = at > dataSize ? 'the file is cut off' : 'bytes that belong to no tensor follow'
    throw broken(file, `expected ${at} bytes of data, found ${dataSize}: ${state}`)
  }
  return { tensors, metadata }
}

function readMetadata(file: string, entry: unknown): Record<string, string> | null {
  if (entry === null) return null
  if (!isRecord(entry)) throw broken(file, `expected __metadata__ to be an object, found ${describe(entry)}`)
  for (const [key, value] of Object.entries(entry)) {
    if (typeof value !== 'string') {
      throw broken(file, `expected strings in __metadata__, found ${describe(value)} as '${key}'`)
    }
  }
  return entry as Record<string, string>
}

function readEntry(file: string, name: string, entry: unknown): TensorInfo {
  if (!isRecord(entry)) throw broken(file, `tensor '${name}': expected an object, found ${describe(entry)}`)
  const { dtype, shape, data_offsets: offsets } = entry
  if (typeof dtype !== 'string' || !BITS.has(dtype)) {
    const known = TYPES.map(([type]) => type).join(', ')
    throw broken(file, `tensor '${name}': expected a dtype of ${known}; found ${describe(dtype)}`)
  }
  const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0
  if (!Array.isArray(shape) || !shape.every(isCount)) {
    throw broken(file, `tensor '${name}': expected a shape of whole numbers, found ${JSON.stringify(shape)}`)
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount) || offsets[0]! > offsets[1]!) {
    throw broken(file, `tensor '${name}': expected data_offsets [begin, end], found ${JSON.stringify(offsets)}`)
  }
  return { name, type: dtype, shape, begin: offsets[0]!, end: offsets[1]! }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Bytes of header for each object and list in it: a tensor's entry takes 46 at least, for one object and two lists. */
const BYTES_A_CONTAINER = 12

/**
 * Reads over a header before it is parsed. `JSON.parse` would silently take the last of two equal names, which the format
 * forbids, and make gigabytes of objects from megabytes of brackets.
 */
function checkStructure(file: string, text: string): void {
  const open: (Set<string> | null)[] = []
  let containers = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 0x7b || code === 0x5b) {
      open.push(code === 0x7b ? new Set() : null)
      if (++containers * BYTES_A_CONTAINER > text.length + 64) {
        throw broken(file, 'expected tensors in the header, found little but brackets')
      }
    } else if (code === 0x7d || code === 0x5d) {
      open.pop()
    } else if (code === 0x22) {
      const end = endOfString(text, at)
      let next = end
      while (' \t\n\r'.includes(text[next] ?? '-')) next++
      const keys = open[open.length - 1]
      if (keys && text[next] === ':') {
        const raw = text.slice(at + 1, end - 1)
        const key = raw.includes('\\') ? decodeString(text.slice(at, end)) : raw
        if (keys.has(key)) throw broken(file, `expected each name once, found '${key}' twice`)
        keys.add(key)
      }
      at = end - 1
    }
  }
}

/** Where the string that begins at `at` is over; the text's end where it never is. */
function endOfString(text: string, at: number): number {
  for (let end = text.indexOf('"', at + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let backslashes = 0
    while (text[end - 1 - backslashes] === '\\') backslashes++
    if (backslashes % 2 === 0) return end + 1
  }
  return text.length
}

function decodeString(quoted: string): string {
  try {
    return JSON.parse(quoted)
  } catch {
    return quoted // JSON.parse of the whole text will say what is wrong with it
  }
}

function broken(file: string, message: string, cause?: unknown): FileFormatError {
  return new FileFormatError(`${file} is no whole safetensors file: ${message}`, { cause })
}
