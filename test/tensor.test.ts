import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { inspect } from 'node:util'
import { MessageChannel } from 'node:worker_threads'
import * as torch from '../src/index'

const refuses = (call: () => unknown, code: torch.ErrorCode, message = /./) =>
  assert.throws(call, { code, message }, String(call))

describe('torch.tensor', () => {
  test('numbers give float32, bigints int64, booleans bool, { re, im } complex64', () => {
    assert.deepEqual([torch.tensor(1).dtype, torch.tensor(1).shape], ['float32', []])
    assert.equal(torch.tensor([1n, 2n]).dtype, 'int64')
    assert.equal(torch.tensor([true, false]).dtype, 'bool')
    assert.equal(torch.tensor([{ re: 1, im: 2 }]).dtype, 'complex64')
    assert.equal(torch.tensor({ re: 1, im: -1 }).item().im, -1)
    assert.deepEqual([torch.tensor([]).dtype, torch.tensor([]).shape], ['float32', [0]])
    assert.equal(torch.tensor([1, 2n, true] as never).dtype, 'float32')
    assert.equal(torch.tensor([2n, true] as never).dtype, 'int64')
  })

  test('nested lists, first elements included, in row-major order', () => {
    const t = torch.tensor([
      [
        [1, 2],
        [3, 4],
      ],
      [
        [5, 6],
        [7, 8],
      ],
    ])
    assert.deepEqual(t.shape, [2, 2, 2])
    assert.deepEqual(t.tolist(), [
      [
        [1, 2],
        [3, 4],
      ],
      [
        [5, 6],
        [7, 8],
      ],
    ])
    assert.deepEqual(torch.tensor([[], []] as never).shape, [2, 0])
  })

  test('ragged lists and foreign values are refused', () => {
    refuses(() => torch.tensor([[1, 2], [3]] as never), 'ERR_INVALID_ARG_VALUE', /sequence of length 2 at dim 1/)
    refuses(() => torch.tensor([[1], 2] as never), 'ERR_INVALID_ARG_VALUE', /dim 1/)
    refuses(() => torch.tensor([1, [2]] as never), 'ERR_INVALID_ARG_VALUE')
    for (const value of ['1', null, undefined, Symbol('s'), () => 1, [null], ['1'], [undefined], new Date()]) {
      assert.throws(() => torch.tensor(value as never), { name: /InvalidArgTypeError/ }, String(typeof value))
    }
    refuses(() => torch.tensor([1], { dtyp: 'float32' } as never), 'ERR_UNKNOWN_OPTION', /'dtype'/)
    refuses(
      () => torch.tensor([1], { dtype: 'float' as never }),
      'ERR_INVALID_ARG_TYPE',
      /did you mean 'float32'|float/,
    )
  })

  test('every dtype, out of the same numbers', () => {
    const integers = ['uint8', 'int8', 'int16', 'int32', 'int64', 'uint16', 'uint32', 'uint64'] as const
    for (const dtype of integers) {
      const t = torch.tensor([0, 1, 100], { dtype })
      assert.equal(t.dtype, dtype)
      assert.deepEqual(t.tolist(), [0, 1, 100], dtype)
    }
    for (const dtype of ['float16', 'bfloat16', 'float32', 'float64'] as const) {
      assert.deepEqual(torch.tensor([0, 1.5, -2], { dtype }).tolist(), [0, 1.5, -2], dtype)
    }
    assert.deepEqual(torch.tensor([0.1], { dtype: 'float64' }).tolist(), [0.1])
    assert.deepEqual(torch.tensor([0.1]).tolist(), [Math.fround(0.1)])
    assert.deepEqual(torch.tensor([0, 2, -1], { dtype: 'bool' }).tolist(), [false, true, true])
    assert.deepEqual(torch.tensor([1.9, -1.9], { dtype: 'int32' }).tolist(), [1, -1])
    assert.deepEqual(torch.tensor([1, 2], { dtype: 'complex128' }).tolist(), [
      { re: 1, im: 0 },
      { re: 2, im: 0 },
    ])
    refuses(() => torch.tensor([Number.NaN], { dtype: 'int64' }), 'ERR_INVALID_ARG_VALUE', /NaN/)
    refuses(() => torch.tensor([2n ** 63n]), 'ERR_INVALID_ARG_VALUE', /int64/)
  })

  test('copies: a typed array, another tensor', () => {
    const array = new Int32Array([1, 2])
    const t = torch.tensor(array)
    array[0] = 9
    assert.deepEqual([t.dtype, t.tolist()], ['int32', [1, 2]])
    const other = torch.tensor(t as never)
    t.mul_(5)
    assert.deepEqual(other.tolist(), [1, 2])
  })
})

describe('functions that make tensors', () => {
  test('by size', () => {
    assert.deepEqual(torch.zeros([2, 3]).tolist(), [
      [0, 0, 0],
      [0, 0, 0],
    ])
    assert.deepEqual(torch.ones([2], { dtype: 'int64' }).tolist({ bigint: true }), [1n, 1n])
    assert.deepEqual(torch.full([2], 7).dtype, 'float32')
    assert.deepEqual(torch.full([2], 7n).dtype, 'int64')
    assert.deepEqual(torch.full([2], true).dtype, 'bool')
    assert.deepEqual(torch.full([1], { re: 1, im: 2 }).tolist(), [{ re: 1, im: 2 }])
    assert.deepEqual(torch.empty([4, 5]).shape, [4, 5])
    assert.deepEqual(torch.zeros([]).shape, [])
    assert.equal(torch.ones([2], { requiresGrad: true }).requiresGrad, true)
    assert.deepEqual(torch.eye(2, 3).shape, [2, 3])
    refuses(() => torch.zeros(3 as never), 'ERR_INVALID_ARG_TYPE', /one array of integers; write zeros\(\[3\]\)/)
    refuses(() => torch.zeros([1.5]), 'ERR_INVALID_ARG_TYPE')
    refuses(() => torch.zeros([-1]), 'ERR_LIBTORCH', /negative/)
    refuses(() => torch.zeros([2], { requireGrad: true } as never), 'ERR_UNKNOWN_OPTION', /'requiresGrad'/)
  })

  test('arange, linspace, randint: integers give int64, others the default dtype', () => {
    assert.deepEqual([torch.arange(3).dtype, torch.arange(3).tolist()], ['int64', [0, 1, 2]])
    assert.deepEqual(torch.arange(1, 7, 2).tolist(), [1, 3, 5])
    assert.deepEqual(torch.arange(5, { dtype: 'float32' }).dtype, 'float32')
    assert.deepEqual([torch.arange(1.5).dtype, torch.arange(1.5).tolist()], ['float32', [0, 1]])
    assert.deepEqual(torch.arange(0, { end: 4, step: 2 } as never).tolist(), [0, 2])
    assert.deepEqual(torch.linspace(0, 1, 5).tolist(), [0, 0.25, 0.5, 0.75, 1])
    const draws = torch.randint(3, 6, [100])
    assert.equal(draws.dtype, 'int64')
    assert.deepEqual([...new Set(draws.tolist() as number[])].sort(), [3, 4, 5])
    assert.deepEqual(torch.randint(2, [4, 2]).shape, [4, 2])
    assert.deepEqual((torch.randperm(5).tolist() as number[]).sort(), [0, 1, 2, 3, 4])
    refuses(() => torch.arange('3' as never), 'ERR_INVALID_ARG_TYPE')
    refuses(() => torch.arange(0, 3, 0), 'ERR_LIBTORCH', /step must be nonzero/)
  })

  test('...Like takes shape, dtype and device from a tensor', () => {
    const t = torch.ones([2, 3], { dtype: 'float64' })
    for (const made of [
      torch.zerosLike(t),
      torch.onesLike(t),
      torch.randLike(t),
      torch.randnLike(t),
      torch.emptyLike(t),
    ]) {
      assert.deepEqual([made.shape, made.dtype], [[2, 3], 'float64'])
    }
    assert.deepEqual(torch.fullLike(t, 4).at(0).tolist(), [4, 4, 4])
    assert.equal(torch.zerosLike(t, { dtype: 'int8' }).dtype, 'int8')
    refuses(() => torch.zerosLike([1] as never), 'ERR_INVALID_ARG_TYPE')
  })

  test('seeds: the same seed draws the same, a generator leaves the default one alone', () => {
    torch.manualSeed(0)
    assert.equal(torch.initialSeed(), 0n)
    const first = torch.rand([3]).tolist()
    torch.manualSeed(0)
    const generator = new torch.Generator().manualSeed(5)
    const own = torch.rand([3], { generator }).tolist()
    assert.deepEqual(torch.rand([3]).tolist(), first)
    assert.deepEqual(torch.rand([3], { generator: generator.manualSeed(5) }).tolist(), own)
    assert.equal(generator.initialSeed(), 5n)
    const state = torch.getRngState()
    const next = torch.randn([2]).tolist()
    torch.setRngState(state)
    assert.deepEqual(torch.randn([2]).tolist(), next)
    const saved = generator.getState()
    const drawn = torch.randn([2], { generator }).tolist()
    assert.deepEqual(torch.randn([2], { generator: generator.setState(saved) }).tolist(), drawn)
    refuses(() => torch.manualSeed(1.5), 'ERR_INVALID_ARG_TYPE')
    refuses(() => torch.manualSeed('0' as never), 'ERR_INVALID_ARG_TYPE')
  })
})

describe('frombuffer', () => {
  test('shares memory, both ways, and keeps it alive', () => {
    const array = new Float32Array([1, 2, 3])
    const t = torch.frombuffer(array.buffer, { dtype: 'float32' })
    array[1] = 20
    assert.deepEqual(t.tolist(), [1, 20, 3])
    t.mul_(2)
    assert.deepEqual([...array], [2, 40, 6])
    const view = torch.frombuffer(Float32Array.from({ length: 1000 }, () => 5).buffer).at(0)
    torch.memory.collect()
    for (let i = 0; i < 50; i++) new Float32Array(100_000).fill(i)
    assert.equal(view.item(), 5)
  })

  test('any view, any dtype, offset and count', () => {
    const bytes = new Uint8Array(24).map((_, i) => i)
    assert.deepEqual(torch.frombuffer(bytes, { dtype: 'uint8' }).shape, [24])
    assert.deepEqual(torch.frombuffer(bytes.subarray(8, 12), { dtype: 'uint8' }).tolist(), [8, 9, 10, 11])
    assert.deepEqual(torch.frombuffer(new DataView(bytes.buffer, 4, 4), { dtype: 'int32' }).tolist(), [0x07060504])
    assert.deepEqual(torch.frombuffer(bytes, { dtype: 'int16', offset: 2, count: 2 }).tolist(), [0x0302, 0x0504])
    assert.deepEqual(torch.frombuffer(bytes, { dtype: 'int64' }).toTypedArray(), new BigInt64Array(bytes.buffer))
    const half = new Uint16Array([0x3c00, 0xc000])
    assert.deepEqual(torch.frombuffer(half, { dtype: 'float16' }).tolist(), [1, -2])
    assert.deepEqual(torch.frombuffer(Buffer.from([1, 0, 1]), { dtype: 'bool' }).tolist(), [true, false, true])
    assert.deepEqual(torch.frombuffer(new Float64Array([1, 2]), { dtype: 'complex128' }).tolist(), [{ re: 1, im: 2 }])
    assert.deepEqual(torch.frombuffer(new ArrayBuffer(0)).shape, [0])
  })

  test('refuses what does not fit', () => {
    const buffer = new ArrayBuffer(10)
    refuses(() => torch.frombuffer(buffer), 'ERR_INVALID_ARG_VALUE', /multiple/)
    refuses(() => torch.frombuffer(buffer, { dtype: 'uint8', offset: 11 }), 'ERR_INVALID_ARG_VALUE', /offset/)
    refuses(() => torch.frombuffer(buffer, { dtype: 'uint8', offset: -1 }), 'ERR_INVALID_ARG_VALUE', /offset/)
    refuses(() => torch.frombuffer(buffer, { dtype: 'uint8', count: 11 }), 'ERR_INVALID_ARG_VALUE', /11/)
    refuses(() => torch.frombuffer(buffer, { dtype: 'uint8', count: 2 ** 60 }), 'ERR_INVALID_ARG_TYPE')
    refuses(() => torch.frombuffer(buffer, { dtype: 'float64', count: 2 ** 52 }), 'ERR_INVALID_ARG_VALUE')
    refuses(
      () => torch.frombuffer(buffer, { dtype: 'int32', offset: 1, count: 1 }),
      'ERR_INVALID_ARG_VALUE',
      /multiple/,
    )
    for (const value of [[1, 2], 'bytes', 8, null, undefined, {}, new Proxy(new Uint8Array(4), {})]) {
      refuses(() => torch.frombuffer(value as never), 'ERR_INVALID_ARG_TYPE')
    }
    refuses(() => torch.frombuffer(new SharedArrayBuffer(8) as never), 'ERR_INVALID_ARG_TYPE', /SharedArrayBuffer/)
  })

  test('a resizable buffer is refused, a detached one too', () => {
    const resizable = new (ArrayBuffer as new (length: number, options: object) => ArrayBuffer)(8, {
      maxByteLength: 16,
    })
    refuses(() => torch.frombuffer(resizable), 'ERR_INVALID_ARG_VALUE', /resizable/)
    refuses(() => torch.frombuffer(new Float32Array(resizable)), 'ERR_INVALID_ARG_VALUE', /resizable/)
    refuses(
      () => torch.fromTypedArray(new Float32Array(resizable), { copy: false }),
      'ERR_INVALID_ARG_VALUE',
      /resizable/,
    )
    assert.deepEqual(torch.fromTypedArray(new Float32Array(resizable)).tolist(), [0, 0])
    const gone = new ArrayBuffer(8)
    const goneView = new Float32Array(gone)
    structuredClone(gone, { transfer: [gone] })
    assert.throws(() => torch.frombuffer(gone, { count: 2 }), { name: /InvalidArg/ })
    assert.throws(() => torch.fromTypedArray(goneView, [2]), { name: /InvalidArg/ })
  })

  test('memory that is shared cannot be transferred away', () => {
    const array = new Float32Array([1, 2])
    const t = torch.frombuffer(array)
    const { port1 } = new MessageChannel()
    try {
      port1.postMessage(array.buffer, [array.buffer]) // Node 20 copies instead, later ones throw
    } catch (error) {
      assert.match(String(error), /DataCloneError|transfer/i)
    }
    assert.equal(array.length, 2, 'the buffer is still here')
    port1.close()
    assert.deepEqual(t.tolist(), [1, 2])
  })
})

describe('fromTypedArray', () => {
  test('dtype from the array, copies unless { copy: false }', () => {
    const arrays = [
      [Float32Array, 'float32'],
      [Float64Array, 'float64'],
      [Int8Array, 'int8'],
      [Int16Array, 'int16'],
      [Int32Array, 'int32'],
      [Uint8Array, 'uint8'],
      [Uint8ClampedArray, 'uint8'],
      [Uint16Array, 'uint16'],
      [Uint32Array, 'uint32'],
    ] as const
    for (const [ArrayType, dtype] of arrays) {
      const array = new ArrayType([1, 2, 3, 4])
      const copied = torch.fromTypedArray(array, [2, 2])
      const shared = torch.fromTypedArray(array, [2, 2], { copy: false })
      array[0] = 9
      assert.equal(copied.dtype, dtype)
      assert.deepEqual([copied.at(0, 0).item(), shared.at(0, 0).item()], [1, 9], dtype)
    }
    assert.deepEqual(torch.fromTypedArray(new BigInt64Array([5n])).tolist({ bigint: true }), [5n])
    assert.deepEqual(torch.fromTypedArray(new BigUint64Array([5n])).dtype, 'uint64')
    assert.deepEqual(torch.fromTypedArray(new Float32Array(0), [0, 3]).shape, [0, 3])
  })

  test('refuses other arrays and shapes', () => {
    refuses(() => torch.fromTypedArray(new Float32Array(3), [2, 2] as never), 'ERR_INVALID_ARG_VALUE', /4 elements.* 3/)
    refuses(() => torch.fromTypedArray(new Float32Array(4), [-2, -2] as never), 'ERR_INVALID_ARG_VALUE', /negative/)
    refuses(() => torch.fromTypedArray([1, 2] as never), 'ERR_INVALID_ARG_TYPE', /typed array/)
    refuses(() => torch.fromTypedArray(new ArrayBuffer(8) as never), 'ERR_INVALID_ARG_TYPE', /typed array/)
    refuses(
      () => torch.fromTypedArray(new Float32Array(4), [2, 2], { copi: false } as never),
      'ERR_UNKNOWN_OPTION',
      /copy/,
    )
  })
})

describe('what a tensor says of itself', () => {
  test('shape, dtype, device, sizes, strides', () => {
    const t = torch.zeros([2, 3, 4])
    assert.deepEqual([t.shape, t.dtype, t.device, t.ndim, t.numel()], [[2, 3, 4], 'float32', 'cpu', 3, 24])
    assert.deepEqual([t.size(0), t.size(-1), t.size()], [2, 4, [2, 3, 4]])
    assert.deepEqual([t.stride(), t.stride(1), t.isContiguous()], [[12, 4, 1], 4, true])
    const turned = t.permute([2, 0, 1])
    assert.deepEqual([turned.shape, turned.stride(), turned.isContiguous()], [[4, 2, 3], [1, 12, 4], false])
    assert.ok(Array.isArray(t.shape))
    assert.equal(t.layout, 'strided')
    refuses(() => t.size(3 as never), 'ERR_OUT_OF_RANGE', /Dimension out of range/)
  })

  test('the shape is live: in-place and out operators change it', () => {
    const t = torch.zeros([2, 3])
    const held = t.shape
    t.resize_([4, 2])
    assert.deepEqual(t.shape, [4, 2])
    t.unsqueeze_(0)
    assert.deepEqual(t.shape, [1, 4, 2])
    t.squeeze_()
    t.t_()
    assert.deepEqual(t.shape, [2, 4])
    const out = torch.empty([0])
    torch.ops.aten.add!.out!(torch.ones([2, 2]), torch.ones([2, 2]), { out })
    assert.deepEqual(out.shape, [2, 2])
    assert.deepEqual(held, [2, 3], 'an array that was read stays as it was')
    ;(t.shape as number[])[0] = 99
    assert.deepEqual(t.shape, [2, 4], 'and writing to one changes nothing')
  })

  test('the sparse layouts have their names', () => {
    const sparse = torch.ops.aten._to_sparse!.default(torch.eye(3))
    assert.equal(sparse.layout, 'sparse_coo')
    assert.match(String(sparse), /^tensor\(indices=tensor\(\[\[0, 1, 2\],\n.*layout=torch\.sparse_coo\)$/s)
    assert.deepEqual(sparse.tolist(), torch.eye(3).tolist())
  })

  test('dtypes are the strings that torch names', () => {
    assert.equal(torch.float32, 'float32')
    assert.equal(torch.int64, 'int64')
    assert.equal(torch.bfloat16, 'bfloat16')
    assert.equal(torch.zeros([1], { dtype: torch.float64 }).dtype, torch.float64)
  })
})

describe('values out', () => {
  test('item', () => {
    assert.equal(torch.tensor([[2.5]]).item(), 2.5)
    assert.equal(torch.tensor(true).item(), true)
    assert.equal(torch.tensor(3n).item(), 3)
    assert.equal(torch.tensor(3n).item({ bigint: true }), 3n)
    assert.equal(torch.tensor(3, { dtype: 'uint8' }).item({ bigint: true }), 3n)
    assert.deepEqual(torch.tensor({ re: 1, im: 2 }).item(), { re: 1, im: 2 })
    assert.equal(torch.tensor(0.1, { dtype: 'bfloat16' }).item(), 0.10009765625)
    assert.ok(Number.isNaN(torch.tensor(Number.NaN).item()))
    assert.ok(Object.is(torch.tensor(-0).item(), -0))
    refuses(() => torch.tensor([1, 2]).item(), 'ERR_INVALID_ARG_VALUE', /2 elements cannot be converted to Scalar/)
    refuses(() => torch.zeros([0]).item(), 'ERR_INVALID_ARG_VALUE', /0 elements/)
    refuses(() => torch.tensor(1.5).item({ bigint: true }), 'ERR_INVALID_ARG_VALUE')
    refuses(() => torch.tensor(1n).item({ bigInt: true } as never), 'ERR_UNKNOWN_OPTION', /'bigint'/)
  })

  test('int64: numbers, and an unsafe one is an error that names the way to bigints', () => {
    const edge = torch.tensor([2n ** 53n - 1n, -(2n ** 53n) + 1n])
    assert.deepEqual(edge.tolist(), [2 ** 53 - 1, -(2 ** 53) + 1])
    for (const value of [2n ** 53n, -(2n ** 53n), 2n ** 63n - 1n, -(2n ** 63n)]) {
      const t = torch.tensor([value])
      refuses(() => t.item(), 'ERR_OUT_OF_RANGE', /\{ bigint: true \}/)
      refuses(() => t.tolist(), 'ERR_OUT_OF_RANGE', /\{ bigint: true \}/)
      assert.equal(t.item({ bigint: true }), value)
      assert.deepEqual(t.tolist({ bigint: true }), [value])
      assert.deepEqual(t.toTypedArray(), new BigInt64Array([value]))
    }
    const unsigned = torch.frombuffer(new BigUint64Array([2n ** 64n - 1n]), { dtype: 'uint64' })
    refuses(() => unsigned.tolist(), 'ERR_OUT_OF_RANGE', /bigint/)
    assert.deepEqual(unsigned.tolist({ bigint: true }), [2n ** 64n - 1n])
    assert.equal(unsigned.item({ bigint: true }), 2n ** 64n - 1n)
  })

  test('tolist: nested arrays of the shape', () => {
    assert.equal(torch.tensor(4).tolist(), 4)
    assert.deepEqual(torch.zeros([2, 0]).tolist(), [[], []])
    assert.deepEqual(torch.arange(4).view([2, 2]).t().tolist(), [
      [0, 2],
      [1, 3],
    ])
    assert.deepEqual(torch.tensor([true]).tolist(), [true])
  })

  test('toTypedArray: the kind of each dtype, in the order of the indices', () => {
    const kinds: [torch.DType, unknown][] = [
      ['uint8', new Uint8Array([1, 2])],
      ['int8', new Int8Array([1, 2])],
      ['int16', new Int16Array([1, 2])],
      ['int32', new Int32Array([1, 2])],
      ['int64', new BigInt64Array([1n, 2n])],
      ['uint16', new Uint16Array([1, 2])],
      ['uint32', new Uint32Array([1, 2])],
      ['uint64', new BigUint64Array([1n, 2n])],
      ['float16', new Float32Array([1, 2])],
      ['bfloat16', new Float32Array([1, 2])],
      ['float32', new Float32Array([1, 2])],
      ['float64', new Float64Array([1, 2])],
      ['complex64', new Float32Array([1, 0, 2, 0])],
      ['complex128', new Float64Array([1, 0, 2, 0])],
    ]
    for (const [dtype, expected] of kinds) {
      assert.deepEqual(
        torch
          .tensor([1, 2])
          .to(dtype as never)
          .toTypedArray(),
        expected,
        dtype,
      )
    }
    assert.deepEqual(torch.tensor([true, false]).toTypedArray(), new Uint8Array([1, 0]))
    const turned = torch.arange(4).view([2, 2]).t()
    assert.deepEqual(turned.toTypedArray(), new BigInt64Array([0n, 2n, 1n, 3n]))
    const array = torch.tensor([1, 2]).toTypedArray()
    assert.deepEqual(
      torch
        .tensor([{ re: 1, im: 2 }])
        .conj()
        .toTypedArray(),
      new Float32Array([1, -2]),
    )
    array[0] = 5 // a copy
  })

  test('bytes: a contiguous copy', () => {
    const t = torch.tensor([
      [1, 2],
      [3, 4],
    ])
    const bytes = t.t().bytes()
    assert.ok(bytes instanceof Uint8Array)
    assert.deepEqual(new Float32Array(bytes.buffer), new Float32Array([1, 3, 2, 4]))
    bytes.fill(0)
    assert.deepEqual(t.tolist(), [
      [1, 2],
      [3, 4],
    ])
    assert.deepEqual(torch.tensor([1, -2], { dtype: 'float16' }).bytes(), new Uint8Array([0, 0x3c, 0, 0xc0]))
    assert.equal(torch.zeros([0, 2]).bytes().length, 0)
    assert.equal(torch.ones([2], { requiresGrad: true }).bytes().length, 8)
  })
})

describe('conversions', () => {
  const t = torch.tensor([1.5, -2])

  test('to a dtype, a device, both, options, another tensor', () => {
    assert.equal(t.to('float64').dtype, 'float64')
    assert.equal(t.to({ dtype: 'float16' }).dtype, 'float16')
    assert.equal(t.to('cpu', 'int32').dtype, 'int32')
    assert.equal(t.to('cpu', { dtype: 'int8' }).dtype, 'int8')
    assert.equal(t.to(torch.zeros([1], { dtype: 'float64' })).dtype, 'float64')
    assert.equal(t.to('cpu'), t, 'nothing to do: the tensor itself, as in Python')
    assert.equal(t.to('float32'), t)
    assert.equal(t.cpu(), t)
    assert.notEqual(t.to('float32', { copy: true }), t)
    refuses(() => t.to('float' as never), 'ERR_LIBTORCH')
    refuses(() => t.to({ dtyp: 'int8' } as never), 'ERR_UNKNOWN_OPTION', /'dtype'/)
    refuses(() => t.to(3 as never), 'ERR_INVALID_ARG_TYPE')
  })

  test('by name', () => {
    const named = { double: 'float64', half: 'float16', bfloat16: 'bfloat16', long: 'int64', int: 'int32' } as const
    for (const [name, dtype] of Object.entries(named)) assert.equal(t[name as 'double']().dtype, dtype)
    assert.deepEqual(t.long().tolist(), [1, -2])
    assert.deepEqual(t.bool().tolist(), [true, true])
    assert.equal(t.float(), t)
    assert.equal(torch.tensor([1n]).float().dtype, 'float32')
  })

  test('a GPU that is not there is a clear error', { skip: torch.cuda.isAvailable() ? 'there is one' : false }, () => {
    for (const call of [() => t.cuda(), () => t.to('cuda'), () => t.to('cuda:1'), () => t.to({ device: 'cuda' })]) {
      refuses(call, 'ERR_CUDA_UNAVAILABLE', /no CUDA|there is none/)
    }
    refuses(() => torch.zeros([1], { device: 'cuda' }), 'ERR_CUDA_UNAVAILABLE')
    refuses(() => torch.tensor([1], { device: 'cuda:0' }), 'ERR_CUDA_UNAVAILABLE')
    refuses(() => torch.ops.aten.zeros!.default([1], { device: 'cuda' }), 'ERR_CUDA_UNAVAILABLE')
  })

  test('a meta tensor has a shape and no values', () => {
    const meta = torch.zeros([2, 3], { device: 'meta' })
    assert.deepEqual([meta.device, meta.shape], ['meta', [2, 3]])
    assert.equal(String(meta), "tensor(..., device='meta', size=(2, 3))")
    assert.throws(() => meta.tolist(), { name: /LibtorchError|InvalidArg/ })
    assert.throws(() => meta.at(0, 0).item(), { name: /LibtorchError|InvalidArg/ })
  })

  test('detach shares, clone copies', () => {
    const x = torch.tensor([1, 2], { requiresGrad: true })
    const shared = x.detach()
    const copied = x.clone().detach()
    shared.mul_(3)
    assert.deepEqual([x.tolist(), copied.tolist(), shared.requiresGrad], [[3, 6], [1, 2], false])
    assert.equal(shared.dataPtr(), x.dataPtr())
  })
})

describe('parts', () => {
  const t = torch.arange(12).view([3, 4])

  test('at: positions, negative ones, null, ..., index and mask tensors', () => {
    assert.deepEqual(t.at(1).tolist(), [4, 5, 6, 7])
    assert.equal(t.at(-1, -1).item(), 11)
    assert.deepEqual(t.at('...', 0).tolist(), [0, 4, 8])
    assert.deepEqual(t.at(null, 0).shape, [1, 4])
    assert.deepEqual(t.at(0, null).shape, [1, 4])
    assert.deepEqual(t.at('...', null).shape, [3, 4, 1])
    assert.deepEqual(t.at(torch.tensor([2n, 0n])).tolist(), [
      [8, 9, 10, 11],
      [0, 1, 2, 3],
    ])
    assert.deepEqual(t.at('...', torch.tensor([1n])).shape, [3, 1])
    assert.deepEqual(t.at(t.gt(9)).tolist(), [10, 11])
    assert.deepEqual(t.at(torch.tensor([true, false, true]), 0).tolist(), [0, 8])
    assert.equal(t.at().dataPtr(), t.dataPtr())
    assert.notEqual(t.at(), t)
    refuses(() => t.at(3), 'ERR_LIBTORCH', /out of range/)
    refuses(() => t.at(0, 0, 0), 'ERR_LIBTORCH', /dim|range/i)
    refuses(() => t.at('0' as never), 'ERR_INVALID_ARG_TYPE')
    refuses(() => t.at(0.5), 'ERR_INVALID_ARG_TYPE')
    refuses(() => t.at('...', '...'), 'ERR_INVALID_ARG_TYPE', /single/)
  })

  test('slice: dim, start, end, step; a view', () => {
    assert.deepEqual(t.slice(1, 1, 3).tolist(), [
      [1, 2],
      [5, 6],
      [9, 10],
    ])
    assert.deepEqual(t.slice(0, null, null, 2).at('...', 0).tolist(), [0, 8])
    assert.deepEqual(t.slice(0, -1).tolist(), [[8, 9, 10, 11]])
    assert.deepEqual(t.slice(1, { end: 1 }).tolist(), [[0], [4], [8]])
    assert.equal(t.slice(0, 1).dataPtr(), t.dataPtr() + 4 * 8)
    const copy = t.clone()
    copy.slice(1, 0, 1).zero_()
    assert.deepEqual(copy.at('...', 0).tolist(), [0, 0, 0])
  })

  test('iteration goes along the first dimension', () => {
    assert.deepEqual(
      [...t].map(row => row.at(0).item()),
      [0, 4, 8],
    )
    assert.throws(() => [...torch.tensor(1)], { code: 'ERR_INVALID_ARG_TYPE', message: /0-d/ })
  })
})

describe('operators as functions and methods', () => {
  test("positional arguments in Python's order, then options", () => {
    const a = torch.tensor([1, 2])
    const b = torch.tensor([10, 20])
    assert.deepEqual(torch.add(a, b, { alpha: 2 }).tolist(), [21, 42])
    assert.deepEqual(a.add(b, { alpha: 2 }).tolist(), [21, 42])
    assert.deepEqual(a.add(1).tolist(), [2, 3])
    assert.deepEqual(torch.tensor([-1, 1]).relu_().tolist(), [0, 1])
    assert.ok(Math.abs((a.logSoftmax(0).exp().sum().item() as number) - 1) < 1e-6)
    assert.deepEqual(torch.sum(a.view([1, 2]), 1, { keepdim: true }).tolist(), [[3]])
    assert.deepEqual(
      a
        .view([2, 1])
        .sum({ dim: [0] })
        .tolist(),
      [3],
    )
    assert.equal(torch.linalg.norm(torch.tensor([3, 4])).item(), 5)
    assert.deepEqual(torch.maximum(a, b).tolist(), [10, 20])
    const x = a.clone()
    assert.equal(x.add_(b), x)
    assert.equal(x.addcmul_(a, b, { value: 2 }), x)
    assert.deepEqual(x.tolist(), [31, 102])
    assert.deepEqual(x.copy_(b).tolist(), [10, 20])
  })

  test('several results are a tuple', () => {
    const [values, indices] = torch.topk(torch.tensor([1, 3, 2]), 2)
    assert.deepEqual(
      [values.tolist(), indices.tolist()],
      [
        [3, 2],
        [1, 2],
      ],
    )
  })

  test('a chain keeps integers integers', () => {
    const whole = torch.tensor([1n, 2n])
    assert.deepEqual([whole.add(1).dtype, whole.mul(2).dtype, whole.mul(1.5).dtype], ['int64', 'int64', 'float32'])
    assert.equal(whole.div(2).dtype, 'float32')
    assert.equal(torch.tensor([true]).mul(2).dtype, 'int64')
    assert.equal(torch.tensor([1], { dtype: 'float16' }).mul(2.5).dtype, 'float16')
  })
})

describe('printing', () => {
  test('String, template and console.log say what Python prints', () => {
    const t = torch.tensor([
      [1, 2],
      [3, 4.5],
    ])
    const text = 'tensor([[1.0000, 2.0000],\n        [3.0000, 4.5000]])'
    assert.deepEqual([String(t), `${t}`, inspect(t)], [text, text, text])
    assert.equal(String(torch.tensor([1], { requiresGrad: true }).mul(2)), 'tensor([2.], grad_fn=<MulBackward0>)')
    assert.equal(String(torch.arange(1001)), 'tensor([   0,    1,    2,  ...,  998,  999, 1000])')
    assert.equal(String(torch.tensor([1], { requiresGrad: true })), 'tensor([1.], requires_grad=True)')
    assert.equal(String(torch.tensor([0.5], { dtype: 'float16' })), 'tensor([0.5000], dtype=torch.float16)')
    assert.equal(String(torch.tensor([{ re: 1, im: -2 }])), 'tensor([1.-2.j])')
  })

  test('a huge one copies no more than it shows, and leaves nothing behind', () => {
    const huge = torch.zeros([5000, 5000])
    torch.memory.collect()
    const before = torch.memory.stats().tensors
    const start = performance.now()
    assert.match(String(huge), /^tensor\(\[\[0\., 0\., 0\., {2}\.\.\., 0\., 0\., 0\.\],/)
    assert.ok(performance.now() - start < 1000)
    torch.memory.collect()
    assert.ok(torch.memory.stats().tensors <= before)
    huge.dispose()
  })
})
