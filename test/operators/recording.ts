import { openSync, readFileSync, readSync } from 'node:fs'
import path from 'node:path'
import * as torch from '../../src'
import { itemSize } from '../../src/core/dtype'
import { listOperators } from '../../src/ops/registry'

/** A tensor that goes in: a place in a storage, which others of the same call may share. */
interface ArgumentTensor {
  storage: [index: number, at: number, bytes: number]
  dtype: torch.DType
  shape: number[]
  stride: number[]
  offset: number
  conj?: boolean
  neg?: boolean
}

/** A tensor that came out: contiguous elements, and the strides that they had. */
export interface ResultTensor {
  data: [at: number, bytes: number]
  dtype: torch.DType
  shape: number[]
  stride: number[]
}

/** One recorded call, as `record.py` writes it. */
export interface RecordedCall {
  operator: string
  overload: string
  args: unknown[]
  options: Record<string, unknown>
  /** Of the default generator before the call. */
  seed?: number
  /** The elements are nobody's. */
  shapeOnly?: boolean
  /** Holds a float like 2.0 where JavaScript's 2 means an integer. */
  wholeFloat?: boolean
  /** What Python raised; then there is no result. */
  error?: string
  result?: unknown
  /** The arguments that were written to, afterwards: by place or name. */
  after?: Record<string, unknown>
}

export const isCoded = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The calls that `record.py` left in a folder. */
export class Recording {
  readonly calls: readonly string[]
  readonly #tensors: number

  constructor(folder: string) {
    this.calls = readFileSync(path.join(folder, 'calls.jsonl'), 'utf8').trimEnd().split('\n')
    this.#tensors = openSync(path.join(folder, 'tensors.bin'), 'r')
  }

  call(index: number): RecordedCall {
    return JSON.parse(this.calls[index]!) as RecordedCall
  }

  bytes(at: number, length: number): Buffer<ArrayBuffer> {
    const out = Buffer.from(new ArrayBuffer(length))
    readSync(this.#tensors, out, 0, length, at)
    return out
  }

  /** The tensor that came out, to compare with. */
  result({ data, dtype, shape }: ResultTensor): torch.Tensor {
    if (data[1] === 0) return torch.empty(shape, { dtype })
    return torch.frombuffer(this.bytes(...data).buffer, { dtype }).reshape(shape)
  }

  /**
   * Decodes the arguments of one call: each tensor with its strides, tensors of one storage in one again. `copy` makes
   * the memory that they lie in.
   */
  decoder(copy: (memory: torch.Tensor) => torch.Tensor): (value: unknown) => unknown {
    const whole = new Map<string, torch.Tensor>()
    const storages = new Map<number, torch.Tensor>()
    const elements = (at: number, length: number, dtype: torch.DType) =>
      length === 0 ? torch.empty([0], { dtype }) : torch.frombuffer(this.bytes(at, length).buffer, { dtype })
    const { aten } = torch.ops
    const part = ({ storage: [index, at, length], dtype, shape, stride, offset }: ArgumentTensor): torch.Tensor => {
      if (!storages.has(index)) storages.set(index, copy(elements(at, length, 'uint8')))
      return aten.as_strided!.default(aten.view!.dtype!(storages.get(index), dtype), shape, stride, offset)
    }
    const tensor = (coded: ArgumentTensor): torch.Tensor => {
      const [index, at, length] = coded.storage
      const key = `${index} ${coded.dtype} ${coded.shape}`
      const found = whole.get(key)
      if (found !== undefined) return found
      if (!isWhole(coded) || storages.has(index)) return part(coded)
      // no view of other memory: some operators refuse those
      const made = copy(elements(at, length, coded.dtype).reshape(coded.shape))
      whole.set(key, made)
      if (!storages.has(index)) storages.set(index, aten.view!.dtype!(made.reshape([-1]), 'uint8'))
      return made
    }
    const decode = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(decode)
      if (!isCoded(value)) return value
      if (!value.tensor) return decodePlain(value)
      const coded = value.tensor as ArgumentTensor
      let out = tensor(coded)
      if (coded.conj) out = aten._conj!.default(out)
      if (coded.neg) out = aten._neg_view!.default(out)
      return out
    }
    return decode
  }
}

/** True where the tensor is all of its storage, in order. */
function isWhole({ storage, dtype, shape, stride, offset }: ArgumentTensor): boolean {
  let numel = 1
  let contiguous = true
  for (let dim = shape.length - 1; dim >= 0; dim--) {
    if (stride[dim] !== numel) contiguous = false
    numel *= Math.max(shape[dim]!, 1)
  }
  return contiguous && offset === 0 && !shape.includes(0) && numel * itemSize(dtype) === storage[2]
}

/** A value that JSON has no form for. */
export function decodePlain(value: unknown): unknown {
  if (!isCoded(value)) return value
  if (value.bigint) return BigInt(value.bigint as string)
  if (value.number) return Number(value.number)
  if (value.complex) {
    const [re, im] = (value.complex as unknown[]).map(decodePlain)
    return { re, im }
  }
  throw new Error(`the recording says ${JSON.stringify(value)}`)
}

/** Every operator of PyTorch's own, but for what opens files. */
export const operatorsWithoutFiles = () => listOperators().filter(name => /^aten::(?!from_file)/.test(name))
