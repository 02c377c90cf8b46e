import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MessageChannel } from 'node:worker_threads'
import * as torch from '../src/index'

const refuses = (call: () => unknown, code: torch.ErrorCode, message = /./) =>
  assert.throws(call, { code, message }, String(call))

describe('torch.tensor', () => {
  test('refuses what an integer dtype cannot hold, and arrays without an end', () => {
    refuses(() => torch.tensor([300], { dtype: 'int8' }), 'ERR_INVALID_ARG_VALUE', /value 300 .* int8 without overflow/)
    refuses(() => torch.tensor([1e30], { dtype: 'int64' }), 'ERR_INVALID_ARG_VALUE', /overflow/)
    refuses(() => torch.tensor([2n ** 40n], { dtype: 'int32' }), 'ERR_INVALID_ARG_VALUE', /overflow/)
    assert.equal(torch.tensor([-1], { dtype: 'uint8' }).at(0).item(), 255)
    const cycle: unknown[] = []
    cycle[0] = cycle
    refuses(() => torch.tensor(cycle as never), 'ERR_INVALID_ARG_VALUE', /dimensions/)
    refuses(() => torch.tensor([1.5]).tolist({ bigint: true }), 'ERR_INVALID_ARG_VALUE')
  })

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

describe('arguments by name', () => {
  test('as many by place as one likes, the rest by name', () => {
    assert.deepEqual(torch.arange(0, 10, { step: 5 }).tolist(), [0, 5])
    assert.deepEqual(torch.arange(5, { step: 2 } as never).tolist(), [0, 2, 4])
    refuses(() => torch.arange(1, 10, { end: 5 } as never), 'ERR_INVALID_ARG_TYPE', /'end' twice/)
    assert.deepEqual(torch.randint(10, { size: [3] }).shape, [3])
    assert.deepEqual(torch.full([2], { fillValue: 3 }).tolist(), [3, 3])
    assert.deepEqual(torch.eye(1, { m: 2 }).tolist(), [[1, 0]])
  })

  test('a shape of integers that are none, or not safe', () => {
    const x = torch.ones([4])
    for (const call of [() => x.view([2 ** 60]), () => x.reshape([2 ** 60] as never), () => torch.empty([2 ** 60])]) {
      refuses(call as () => unknown, 'ERR_OUT_OF_RANGE', /safe integers/)
    }
    refuses(() => x.view([1.5] as never), 'ERR_INVALID_ARG_TYPE', /safe integers/)
    refuses(() => torch.empty([1e14]), 'ERR_OUT_OF_MEMORY', /aten::empty/)
  })

  test('a shape that changes the array while it is read', () => {
    const bytes = new Uint8Array(16)
    const shape = Object.defineProperty([0], 0, {
      get() {
        structuredClone(bytes.buffer, { transfer: [bytes.buffer] })
        return 16
      },
    })
    refuses(() => torch.fromTypedArray(bytes, shape as never), 'ERR_INVALID_ARG_VALUE')
    const throwing = Object.defineProperty([0], 0, {
      get() {
        throw new RangeError('mine')
      },
    })
    assert.throws(() => torch.fromTypedArray(new Uint8Array(1), throwing as never), /mine/)
  })
})
