import * as torch from '../../src'
import type { SchemaValue } from '../../src/native/binding'

/** Numbers that seem random and are the same every time. */
export function draws(seed: number): (below: number) => number {
  let state = (seed + 1) * 2654435761
  return below => {
    state = (Math.imul(state ^ (state >>> 15), 2246822519) + 374761393) >>> 0
    return ((state ^ (state >>> 13)) >>> 0) % below
  }
}

type Draw = (below: number) => number

const pick = <T>(draw: Draw, ...choices: readonly T[]): T => choices[draw(choices.length)]!

/** A tensor that an operator does not expect in the place of this one. */
function wildTensor(tensor: torch.Tensor, draw: Draw): unknown {
  const { dtype, shape } = tensor
  const full = (size: readonly number[], value: number, of: torch.DType = dtype) =>
    torch.full(size, value, { dtype: of })
  return pick(
    draw,
    () => torch.empty([0], { dtype }),
    () => torch.zeros([], { dtype }),
    () => full([3], 1),
    () => full([1, 1, 1, 1, 1], 1),
    () => full([2, 0, 3], 1),
    () => full([2, 3, 4, 5], 1),
    () => full(shape, -7, 'int64'),
    () => full(shape, 1000, 'int64'),
    () => full(shape, 1, 'bool'),
    () => full(shape, 2, 'int32'),
    () => full(shape, 2.5, 'float64'),
    () => torch.ops.aten.unsqueeze!.default(tensor, 0),
    () => torch.ops.aten.reshape!.default(tensor, [-1]),
    () => torch.empty(shape, { dtype, device: 'meta' }),
    () => null,
  )()
}

/** A value that an operator does not expect in the place of this one, of the same kind where that matters. */
function wildValue(value: unknown, draw: Draw): unknown {
  if (torch.isTensor(value)) return wildTensor(value, draw)
  if (Array.isArray(value)) {
    const other = value.map(item => (draw(2) === 0 ? wildValue(item, draw) : item))
    return pick<unknown[]>(draw, [], value.slice(0, 1), [...value, ...value], other, other)
  }
  switch (typeof value) {
    case 'boolean':
      return !value
    case 'number':
      return Number.isInteger(value)
        ? pick(draw, -100, -1, 0, 1, 7, 100)
        : pick(draw, Number.NaN, -1.5, 0, Number.POSITIVE_INFINITY, 1e30)
    case 'string':
      return pick(draw, 'nonsense', '')
    default:
      return value === null ? pick<unknown>(draw, torch.ones([2]), 3, true, null) : value
  }
}

/** The same arguments but for one or two of them. */
export function wildArguments(
  [args, options]: [args: unknown[], options: Record<string, unknown>],
  draw: Draw,
): [args: unknown[], options: Record<string, unknown>] {
  const out: [unknown[], Record<string, unknown>] = [[...args], { ...options }]
  const places = [...args.keys(), ...Object.keys(options)]
  for (let changes = 1 + draw(2); changes > 0 && places.length > 0; changes--) {
    const place = places[draw(places.length)]!
    if (typeof place === 'number') out[0][place] = wildValue(args[place], draw)
    else out[1][place] = wildValue(options[place], draw)
  }
  return out
}

const SHAPES: readonly (readonly number[])[] = [
  [],
  [0],
  [1],
  [3],
  [4, 4],
  [2, 3],
  [1, 2, 3],
  [2, 3, 4, 4],
  [1, 1, 2, 2, 2],
]
const DTYPES = ['float32', 'float32', 'float32', 'int64', 'bool', 'complex64', 'bfloat16', 'int32', 'float64'] as const

/** A value of a schema's kind, with nothing else to recommend it. */
function anyValue(kind: string, draw: Draw, shape: readonly number[]): unknown {
  if (kind.endsWith('?')) return draw(3) === 0 ? null : anyValue(kind.slice(0, -1), draw, shape)
  if (kind.endsWith('[]')) {
    return Array.from({ length: draw(4) }, () => anyValue(kind.slice(0, -2), draw, shape))
  }
  switch (kind) {
    case 'Tensor':
      return torch.full(draw(3) === 0 ? pick(draw, ...SHAPES) : shape, pick(draw, 0, 1, 2, -3, 50), {
        dtype: pick(draw, ...DTYPES),
      })
    case 'int':
      return pick(draw, 0, 1, 2, 3, -1, 8)
    case 'float':
      return pick(draw, 0, 0.5, 1, -1, Number.NaN)
    case 'Scalar':
      return pick<unknown>(draw, 0, 1, 2.5, -1, true)
    case 'bool':
      return draw(2) === 0
    case 'ScalarType':
      return pick(draw, ...DTYPES)
    case 'str':
      return pick(draw, '', 'mean', 'sum', 'none', 'reflect', 'nonsense')
    case 'Layout':
      return 'strided'
    case 'MemoryFormat':
      return pick(draw, 'contiguous_format', 'channels_last')
    case 'Device':
      return 'cpu'
    default:
      return undefined
  }
}

/** Values for all that an operator takes. */
export function anyArguments(schema: readonly SchemaValue[], draw: Draw): unknown[] {
  const shape = pick(draw, ...SHAPES)
  return schema.map(({ kind, optional }) =>
    optional && draw(2) === 0 ? undefined : anyValue(kind, draw, draw(4) === 0 ? pick(draw, ...SHAPES) : shape),
  )
}

/** The arguments in a few words. */
export function inWords(value: unknown): string {
  if (torch.isTensor(value)) return `${value.dtype}[${value.shape}]${value.device === 'meta' ? ' meta' : ''}`
  if (Array.isArray(value)) return `[${value.map(inWords).join(', ')}]`
  if (typeof value === 'object' && value !== null) {
    return `{ ${Object.entries(value)
      .map(([key, item]) => `${key}: ${inWords(item)}`)
      .join(', ')} }`
  }
  return String(value)
}
