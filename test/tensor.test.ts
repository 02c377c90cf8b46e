import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { inspect } from 'node:util'
import * as torch from '../src/index'

const refuses = (call: () => unknown, code: torch.ErrorCode, message = /./) =>
  assert.throws(call, { code, message }, String(call))

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
    refuses(() => (t as torch.Tensor).at(3), 'ERR_LIBTORCH', /out of range/)
    refuses(() => (t as torch.Tensor).at(0, 0, 0), 'ERR_LIBTORCH', /dim/i)
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
