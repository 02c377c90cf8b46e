import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, test } from 'node:test'
import { type DType, isComplex } from '../src/core/dtype'
import { formatExponential, formatFixed } from '../src/tensor/decimal'
import {
  type Edges,
  type Elements,
  formatTensor,
  type GivenPrintOptions,
  getPrintOptions,
  type Printable,
  type PrintableValues,
  setPrintOptions,
} from '../src/tensor/printing'

interface FixtureValues {
  shape: number[]
  dtype: DType
  /** base64 of the elements, little endian */
  data?: string
  /** ((i * 7919) % 2003 - 1000) * scale */
  ramp?: { scale: number }
}

interface FixtureCase extends FixtureValues {
  device: string
  requiresGrad: boolean
  gradFn: string | null
  isParameter?: boolean
  options?: GivenPrintOptions
  sparse?: { layout: string; nnz: number; parts: { name: string; values: FixtureValues }[] }
  text: string
}

const fixture = JSON.parse(readFileSync(join(__dirname, 'reference/fixtures/printing.json'), 'utf8')) as {
  torch: string
  cases: FixtureCase[]
}

const ARRAYS: Partial<Record<DType, new (buffer: ArrayBuffer) => Elements>> = {
  uint8: Uint8Array,
  bool: Uint8Array,
  int8: Int8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  float64: Float64Array,
  complex128: Float64Array,
}

function elementsOf({ shape, dtype, data, ramp }: FixtureValues): Elements {
  if (ramp) {
    const count = shape.reduce((a, b) => a * b, 1)
    return Float64Array.from({ length: count }, (_, i) => {
      const value = (((i * 7919) % 2003) - 1000) * ramp.scale
      return dtype === 'float32' ? Math.fround(value) : value
    })
  }
  const bytes = Uint8Array.from(Buffer.from(data ?? '', 'base64'))
  return new (ARRAYS[dtype] ?? Float32Array)(bytes.buffer)
}

/** Takes the edges of a contiguous tensor, as a tensor's own `narrow` and `cat` would. */
function takeEdges(elements: Elements, shape: readonly number[], edges: Edges, width: number): Elements {
  if (edges.every(edge => edge === null)) return elements
  const positions = shape.map((size, d) => {
    const all = Array.from({ length: size }, (_, i) => i)
    const edge = edges[d]!
    return edge === null ? all : [...all.slice(0, edge), ...all.slice(size - edge)]
  })
  let places = [0]
  positions.forEach((inDim, d) => {
    places = places.flatMap(place => inDim.map(i => place * shape[d]! + i))
  })
  const out: (number | bigint)[] = []
  for (const place of places) for (let k = 0; k < width; k++) out.push(elements[place * width + k]!)
  return out as number[]
}

function printableValues(values: FixtureValues): PrintableValues & { asked: Edges[] } {
  const asked: Edges[] = []
  return {
    shape: values.shape,
    dtype: values.dtype,
    asked,
    elements: edges => {
      asked.push(edges)
      return takeEdges(elementsOf(values), values.shape, edges, isComplex(values.dtype) ? 2 : 1)
    },
  }
}

function printable(entry: FixtureCase): Printable & { asked: Edges[] } {
  const { device, requiresGrad, gradFn, isParameter } = entry
  const sparse = entry.sparse && {
    ...entry.sparse,
    parts: entry.sparse.parts.map(({ name, values }) => ({ name, values: printableValues(values) })),
  }
  return { ...printableValues(entry), device, requiresGrad, gradFn, isParameter, sparse }
}

afterEach(() => setPrintOptions({ profile: 'default' }))

describe('formatTensor', () => {
  test('the fixture holds several hundred tensors', () => {
    assert.match(fixture.torch, /^2\./)
    assert.ok(fixture.cases.length > 500, `${fixture.cases.length} cases`)
  })

  test('is what Python prints, letter for letter', () => {
    const wrong: string[] = []
    for (const entry of fixture.cases) {
      setPrintOptions({ profile: 'default' })
      setPrintOptions(entry.options ?? {})
      const text = formatTensor(printable(entry))
      if (text !== entry.text) {
        wrong.push(`${entry.dtype} [${entry.shape}] ${JSON.stringify(entry.options ?? {})}\n${text}\n!=\n${entry.text}`)
      }
    }
    assert.equal(wrong.length, 0, `${wrong.length} of ${fixture.cases.length}:\n${wrong.slice(0, 5).join('\n\n')}`)
  })

  test('asks for the edges alone where it summarises, and for nothing of an empty or meta tensor', () => {
    const wide = printable({ ...fixture.cases[0]!, shape: [100, 5, 40], ramp: { scale: 1 } })
    formatTensor(wide)
    assert.deepEqual(wide.asked, [[3, null, 3]])
    const empty = printable({ ...fixture.cases[0]!, shape: [0, 3] })
    assert.equal(formatTensor(empty), 'tensor([], size=(0, 3))')
    const meta = printable({ ...fixture.cases[0]!, shape: [2], device: 'meta' })
    assert.equal(formatTensor(meta), "tensor(..., device='meta', size=(2,))")
    assert.deepEqual([empty.asked, meta.asked], [[], []])
  })

  test('names a device that is not the CPU, and breaks the line before a suffix that does not fit', () => {
    const entry = fixture.cases.find(({ shape, dtype }) => shape.length === 1 && shape[0] === 3 && dtype === 'float64')!
    const text = formatTensor({ ...printable(entry), device: 'cuda:1', gradFn: 'SomeVeryLongNameOfAFunctionBackward0' })
    const [first, second] = text.split('\n')
    assert.match(first!, /\], device='cuda:1', dtype=torch.float64,$/)
    assert.equal(second, '       grad_fn=<SomeVeryLongNameOfAFunctionBackward0>)')
  })

  test('leaves out the default dtype, whichever it is', () => {
    const values = { shape: [1], elements: () => [0.5], device: 'cpu', requiresGrad: false, gradFn: null }
    assert.equal(formatTensor({ ...values, dtype: 'float64' }), 'tensor([0.5000], dtype=torch.float64)')
    assert.equal(formatTensor({ ...values, dtype: 'float64' }, 'float64'), 'tensor([0.5000])')
    assert.equal(formatTensor({ ...values, dtype: 'float32' }, 'float64'), 'tensor([0.5000], dtype=torch.float32)')
  })
})

describe('setPrintOptions', () => {
  test('takes positional arguments, then options; sciMode is forgotten where it is not given', () => {
    setPrintOptions(2, 100, { edgeitems: 1, sciMode: true })
    assert.deepEqual(getPrintOptions(), { precision: 2, threshold: 100, edgeitems: 1, linewidth: 80, sciMode: true })
    setPrintOptions({ linewidth: 40 })
    assert.deepEqual(getPrintOptions(), { precision: 2, threshold: 100, edgeitems: 1, linewidth: 40, sciMode: null })
    setPrintOptions({ profile: 'full', precision: 3 })
    assert.deepEqual(getPrintOptions(), {
      precision: 3,
      threshold: Infinity,
      edgeitems: 3,
      linewidth: 80,
      sciMode: null,
    })
    setPrintOptions({ profile: 'short' })
    setPrintOptions(null, null)
    assert.equal(getPrintOptions().edgeitems, 2)
  })

  test('refuses what makes no sense and then changes nothing', () => {
    const before = getPrintOptions()
    const refused: [Record<string, unknown>, string, RegExp][] = [
      [{ precison: 3 }, 'ERR_UNKNOWN_OPTION', /'precison'; did you mean 'precision'\?/],
      [{ precision: -1 }, 'ERR_INVALID_ARG_TYPE', /'precision' must be an integer of at least 0, got the number -1/],
      [{ precision: 100 }, 'ERR_OUT_OF_RANGE', /at most 99, got 100/],
      [{ threshold: Number.NaN }, 'ERR_INVALID_ARG_TYPE', /'threshold' must be at least 0, got NaN/],
      [{ edgeitems: 1.5 }, 'ERR_INVALID_ARG_TYPE', /'edgeitems'/],
      [{ linewidth: 0 }, 'ERR_INVALID_ARG_TYPE', /'linewidth'/],
      [{ profile: 'long' }, 'ERR_INVALID_ARG_TYPE', /'default', 'short', 'full'/],
      [{ sciMode: 'yes' }, 'ERR_INVALID_ARG_TYPE', /'sciMode' must be a boolean/],
    ]
    for (const [options, code, message] of refused) {
      assert.throws(() => setPrintOptions(options), { code, message }, JSON.stringify(options))
    }
    assert.deepEqual(getPrintOptions(), before)
  })
})

describe("printf's rounding", () => {
  test('exact ties go to the even digit, what only looks like one does not', () => {
    assert.deepEqual(
      [0.5, 1.5, 2.5, -2.5, 9.5].map(value => formatFixed(value, 0)),
      ['0', '2', '2', '-2', '10'],
    )
    assert.equal(formatFixed(0.00005, 4), '0.0001') // the double lies above the tie
    assert.equal(formatFixed(0.00015, 4), '0.0001') // and this one below
    assert.equal(formatFixed(0.03125, 4), '0.0312')
    assert.equal(formatExponential(2.5, 0), '2e+00')
    assert.equal(formatExponential(9.5, 0), '1e+01')
    assert.equal(formatExponential(1.00390625, 7), '1.0039062e+00')
  })

  test('signs, limits and what is not finite', () => {
    assert.equal(formatFixed(-0, 2), '-0.00')
    assert.equal(formatExponential(-0, 1), '-0.0e+00')
    assert.equal(formatFixed(1e22, 1), '10000000000000000000000.0')
    assert.equal(formatExponential(5e-324, 4), '4.9407e-324')
    assert.deepEqual(
      [NaN, Infinity, -Infinity].map(value => formatFixed(value, 4)),
      ['nan', 'inf', '-inf'],
    )
  })
})
