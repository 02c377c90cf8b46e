import { isDeepStrictEqual } from 'node:util'
import * as torch from '../../src'
import { decodePlain, isCoded, type Recording, type ResultTensor } from './recording'

/** How far a value may be from Python's where it is not the very same: the last digits of long sums. */
const TOLERANCE: Record<string, [rtol: number, atol: number]> = {
  float16: [2 ** -9, 2 ** -9],
  bfloat16: [2 ** -6, 2 ** -6],
  float32: [1e-4, 1e-5],
  complex64: [1e-4, 1e-5],
  float64: [1e-8, 1e-10],
  complex128: [1e-8, 1e-10],
}

/** What a comparison found: nothing, other last digits, or a difference. */
export interface Outcome {
  difference?: string
  inexact?: boolean
}

const words = (value: unknown) =>
  torch.isTensor(value) ? `a tensor ${value.dtype} [${value.shape.join(', ')}]` : (JSON.stringify(value) ?? 'undefined')

/** Strides of the dimensions in which one moves. */
const moves = (shape: readonly number[], stride: readonly number[]) =>
  shape.includes(0) ? [] : stride.filter((_, dim) => shape[dim]! > 1)

function compareTensor(actual: unknown, expected: ResultTensor, recording: Recording, shapeOnly: boolean): Outcome {
  if (!torch.isTensor(actual)) return { difference: `${words(actual)} instead of a tensor` }
  const { dtype, shape, stride } = expected
  if (actual.dtype !== dtype || !isDeepStrictEqual(actual.shape, shape)) {
    return { difference: `${words(actual)} instead of ${dtype} [${shape.join(', ')}]` }
  }
  const strides = moves(shape, actual.stride())
  if (!isDeepStrictEqual(strides, moves(shape, stride))) {
    return { difference: `strides ${actual.stride()} instead of ${stride}` }
  }
  if (shapeOnly || shape.includes(0)) return {}
  const bytes = recording.bytes(...expected.data)
  if (Buffer.compare(Buffer.from(actual.bytes()), bytes) === 0) return {}
  const wanted = recording.result(expected)
  const near = (rtol: number, atol: number) =>
    torch.ops.aten.allclose!.default(actual, wanted, { rtol, atol, equal_nan: true }) as boolean
  const exact = torch.ops.aten.equal!.default(
    torch.ops.aten.isnan!.default(actual),
    torch.ops.aten.isnan!.default(wanted),
  )
  if (exact && near(0, 0)) return {} // payloads of nan, signs of zero
  const [rtol, atol] = TOLERANCE[dtype] ?? [0, 0]
  if (near(rtol, atol)) return { inexact: true }
  return { difference: `${String(actual).slice(0, 200)} instead of ${String(wanted).slice(0, 200)}` }
}

/** Compares what an operator gave with what Python's gave. */
export function compare(actual: unknown, expected: unknown, recording: Recording, shapeOnly: boolean): Outcome {
  if (Array.isArray(expected)) {
    if (!Array.isArray(actual) || actual.length !== expected.length) {
      return { difference: `${words(actual)} instead of ${expected.length} values` }
    }
    const all = expected.map((value, i) => compare(actual[i], value, recording, shapeOnly))
    return all.find(({ difference }) => difference) ?? all.find(({ inexact }) => inexact) ?? {}
  }
  if (isCoded(expected) && expected.tensor) {
    return compareTensor(actual, expected.tensor as ResultTensor, recording, shapeOnly)
  }
  const wanted = decodePlain(expected)
  const same = isDeepStrictEqual(actual ?? null, wanted) || actual === wanted
  return same || shapeOnly ? {} : { difference: `${words(actual)} instead of ${words(wanted)}` }
}
