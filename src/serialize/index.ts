import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import type { Device } from '../core/device'
import type { DType } from '../core/dtype'
import { FileFormatError, InvalidArgValueError } from '../core/errors'
import { check, is, mergeArguments } from '../core/options'
import { empty, frombuffer, type Tensor } from '../tensor'
import { filePath, namedTensors, outlines } from './arguments'
import { decodeHeader, dtypeOf, encodeHeader, type Header, headerLength } from './safetensors'
import { writeAtomically } from './write-atomically'

export { type LoadAsyncOptions, loadAsync, type SaveAsyncOptions, saveAsync } from './async'
export type { FileProgress } from './transfer'

const MOST_AT_ONCE = 1 << 30 // Linux reads at most 2 GB in one call

/** Options of `save`. */
export interface SaveOptions {
  /** Strings to keep in the file's header; `loadMetadata` gives them back. */
  metadata?: Record<string, string>
}

/** Options of `load`. */
export interface LoadOptions {
  /** Where to put the tensors; default `'cpu'`. */
  mapLocation?: Device
  /** The same, in the words of Python's safetensors. */
  device?: Device
}

/**
 * Writes tensors by name into a `.safetensors` file: byte for byte what Python's `safetensors.torch.save_file` writes.
 *
 * Every tensor is written whole: views, transposed ones and ones that share memory become tensors of their own. The file
 * gets its name when it is complete; a failure leaves an older one as it was. Tensors elsewhere are copied to the CPU,
 * one at a time.
 *
 * Throws `ERR_INVALID_ARG_TYPE` for anything but an object of tensors, `ERR_INVALID_ARG_VALUE` for another extension,
 * `ERR_UNSUPPORTED_TYPE` for what the format cannot hold (sparse, quantized, complex128), and the system's own errors.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.save.html
 * @example
 * torch.save(model.stateDict(), 'net.safetensors')
 */
export function save(tensors: Readonly<Record<string, Tensor>>, path: string | URL, ...args: [SaveOptions?]): void {
  const { metadata } = mergeArguments('save', ['metadata'], args)
  const file = filePath('save', path)
  const { header, tensors: placed } = encodeHeader(
    outlines('save', tensors),
    metadata as Record<string, string> | undefined,
  )
  writeAtomically(file, function* () {
    yield header
    for (const { name, begin, end } of placed) {
      const bytes = tensors[name]!.bytes()
      if (bytes.length !== end - begin) {
        throw new InvalidArgValueError(`save: '${name}' has ${bytes.length} bytes, expected ${end - begin}`)
      }
      yield bytes
    }
  })
}

/**
 * Reads a `.safetensors` file, by this package, Python's or anybody's, and gives its tensors by name, in the order of
 * their data in the file.
 *
 * Throws `ERR_FILE_FORMAT` where the file is broken, before anything is allocated that the file's own length does not
 * justify; `ERR_UNSUPPORTED_TYPE` for element types that no dtype holds, `ERR_INVALID_ARG_VALUE` for another extension, and the
 * system's own errors (`ENOENT`, ...).
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.load.html
 * @example
 * model.loadStateDict(torch.load('net.safetensors'))
 */
export function load(path: string | URL, ...args: [(Device | LoadOptions)?, LoadOptions?]): Record<string, Tensor> {
  const merged = mergeArguments('load', ['mapLocation', 'device'], args)
  const device = merged.mapLocation ?? merged.device ?? 'cpu'
  check('load', 'mapLocation', device, is.string)
  return withFile(filePath('load', path), (header, read) => {
    const dtypes = header.tensors.map(dtypeOf)
    return namedTensors(
      header.tensors,
      header.tensors.map(({ shape, begin, end }, i) => toTensor(read(begin, end), dtypes[i]!, shape, device as Device)),
    )
  })
}

/**
 * The strings in a `.safetensors` file's header; an empty object where there are none. Reads only the header.
 * Throws as `load` does.
 */
export function loadMetadata(path: string | URL): Record<string, string> {
  return withFile(filePath('loadMetadata', path), ({ metadata }) => ({ ...metadata }))
}

type Read = (begin: number, end: number) => Uint8Array<ArrayBuffer>

/** Opens a file, reads and checks its header, and lends a function that reads bytes of the data. */
function withFile<R>(path: string, use: (header: Header, read: Read) => R): R {
  const descriptor = openSync(path, 'r')
  try {
    const { size } = fstatSync(descriptor)
    const readAt = (position: number, length: number) => {
      const bytes = new Uint8Array(length)
      let at = 0
      while (at < length) {
        const count = readSync(descriptor, bytes, at, Math.min(length - at, MOST_AT_ONCE), position + at)
        if (count === 0) throw new FileFormatError(`${path}: the file became shorter while it was read`)
        at += count
      }
      return bytes
    }
    const length = headerLength(path, readAt(0, Math.min(size, 8)), size)
    const start = 8 + length
    const header = decodeHeader(path, readAt(8, length), size - start)
    return use(header, (begin, end) => readAt(start + begin, end - begin))
  } finally {
    closeSync(descriptor)
  }
}

/** Copies into memory of libtorch's own: it is aligned, and freed with the tensor. */
function toTensor(bytes: Uint8Array<ArrayBuffer>, dtype: DType, shape: number[], device: Device): Tensor {
  if (bytes.length === 0) return empty(shape, { dtype, device }) as Tensor
  using shared = frombuffer(bytes, { dtype }) as Tensor
  using shaped = shared.view(shape) as Tensor
  return device === 'cpu' ? shaped.clone() : shaped.to(device)
}
