import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as torch from '../src/index'

const { aten } = torch.ops
const x: torch.Tensor = torch.tensor([
  [1, 2],
  [3, 4],
])
const whole = torch.tensor([1n, 2n, 3n])

/** The operator's own error: its class, code, message, and the operator that it names. */
function refuses(call: () => unknown, code: torch.ErrorCode, message: RegExp, what?: string): void {
  assert.throws(
    call,
    (error: torch.TorchError) => {
      assert.ok(error instanceof torch.TorchError, `${what ?? ''} ${error}`)
      assert.equal(error.code, code, `${what ?? ''}: ${error.message}`)
      assert.match(error.message, message, what)
      return true
    },
    what,
  )
}

describe('unknown operators', () => {
  test('an operator, an overload, a namespace: an error that names the nearest, never undefined', () => {
    refuses(() => aten.reluu!.default(x), 'ERR_UNKNOWN_OPERATOR', /aten::reluu\b.*did you mean aten::relu\?/)
    refuses(() => aten.log_softmx!.int!(x, 1), 'ERR_UNKNOWN_OPERATOR', /did you mean aten::log_softmax\?/)
    refuses(() => aten.add!.Tenser!(x, x), 'ERR_UNKNOWN_OPERATOR', /no overload 'Tenser' of aten::add; it has .*Tensor/)
    refuses(() => aten.add!.default(x, x), 'ERR_UNKNOWN_OPERATOR', /no overload 'default'/)
    refuses(() => torch.ops.atn!.add!.Tensor!(x, x), 'ERR_UNKNOWN_OPERATOR', /atn/)
    refuses(() => aten.add!.Tenser, 'ERR_UNKNOWN_OPERATOR', /Tenser/)
  })

  test('the message names the libtorch, the error the operator', () => {
    assert.throws(() => aten.nothing_like_it!.default(x), {
      name: 'UnknownOperatorError',
      message: new RegExp(`libtorch ${torch.version.libtorch.replace(/[.+]/g, '\\$&')}`),
      operator: 'aten::nothing_like_it',
    })
  })

  test('what the language asks of any object is no operator: promises, JSON, inspection', async () => {
    assert.equal(await (async () => torch.ops.aten)(), torch.ops.aten)
    assert.equal(typeof torch.ops.aten.add, 'object')
    assert.doesNotThrow(() => String(Object.keys(torch.ops.aten).length))
    assert.ok('add' in torch.ops.aten)
    assert.ok(!('ad' in torch.ops.aten))
    assert.ok(Object.keys(torch.ops.aten.add!).includes('Tensor'))
  })
})

describe('options', () => {
  test('an unknown option names the nearest', () => {
    refuses(() => aten.add!.Tensor!(x, x, { alhpa: 2 }), 'ERR_UNKNOWN_OPTION', /aten::add.Tensor.*'alhpa'.*'alpha'\?/)
    refuses(() => aten.sum!.dim_IntList!(x, [0], { keepDim: true }), 'ERR_UNKNOWN_OPTION', /did you mean 'keepdim'\?/)
    refuses(() => x.add(x, { alhpa: 2 } as object), 'ERR_UNKNOWN_OPTION', /'alhpa'; did you mean 'alpha'\?/)
  })

  test('missing, too many, twice', () => {
    refuses(() => aten.add!.Tensor!(x), 'ERR_INVALID_ARG_TYPE', /aten::add.Tensor: needs 'other'/)
    refuses(() => aten.add!.Tensor!(), 'ERR_INVALID_ARG_TYPE', /needs 'self'/)
    refuses(() => aten.select!.int!(x, 0), 'ERR_INVALID_ARG_TYPE', /needs 'index'/)
    refuses(() => aten.relu!.default(x, x), 'ERR_INVALID_ARG_TYPE', /takes 1 positional arguments, got 2/)
    refuses(() => aten.add!.Tensor!(x, x, 2), 'ERR_INVALID_ARG_TYPE', /takes 2 positional arguments, got 3/)
    refuses(() => aten.sum!.dim_IntList!(x, [0], { dim: [1] }), 'ERR_INVALID_ARG_TYPE', /'dim' twice/)
  })

  test('positional arguments by name, and undefined for a default', () => {
    assert.deepEqual(aten.select!.int!(x, { dim: 0, index: 1 }).tolist(), [3, 4])
    assert.deepEqual(aten.select!.int!({ self: x, dim: 0, index: 1 }).tolist(), [3, 4])
    assert.deepEqual(aten.add!.Tensor!(x, x, { alpha: undefined }).tolist(), [
      [2, 4],
      [6, 8],
    ])
    assert.equal(aten.sum!.dim_IntList!(x, undefined).item(), 10)
  })

  test('{ re, im } is a number, never options: and only with both', () => {
    assert.deepEqual(aten.mul!.Scalar!(x, { re: 0, im: 1 }).at(0, 0).item(), { re: 0, im: 1 })
    refuses(() => aten.mul!.Scalar!(x, { re: 1 }), 'ERR_UNKNOWN_OPTION', /'re'/)
    refuses(() => aten.mul!.Scalar!(x, { re: 1, im: 'i' }), 'ERR_INVALID_ARG_TYPE', /'other' must be a number/)
  })
})

describe('numbers', () => {
  const NOT_INTEGERS: [unknown, RegExp][] = [
    [Number.NaN, /NaN/],
    [Number.POSITIVE_INFINITY, /Infinity/],
    [1.5, /1\.5/],
    ['3', /'3'/],
    [null, /null/],
    [true, /true/],
    [[1], /array/],
    [new Date(), /object|Date/],
    [x, /./],
    [Symbol('s'), /symbol/],
    [() => 1, /function/],
  ]

  test('an int takes a safe integer or a bigint of 64 bits', () => {
    assert.deepEqual(aten.select!.int!(x, 0, 1).tolist(), [3, 4])
    assert.deepEqual(aten.select!.int!(x, 0n, -1n).tolist(), [3, 4])
    assert.deepEqual(aten.select!.int!(x, -0, 1).tolist(), [3, 4])
    for (const [value, got] of NOT_INTEGERS) {
      refuses(() => aten.select!.int!(x, 0, value), 'ERR_INVALID_ARG_TYPE', /'index' must be/, String(got))
      refuses(() => aten.select!.int!(x, 0, value), 'ERR_INVALID_ARG_TYPE', got, String(got))
    }
    for (const value of [2 ** 53, -(2 ** 53), 1e300, 2n ** 63n, -(2n ** 64n)]) {
      refuses(() => aten.select!.int!(x, 0, value), 'ERR_OUT_OF_RANGE', /'index'/, String(value))
    }
    refuses(() => aten.select!.int!(x, 0, 2n ** 62n), 'ERR_LIBTORCH', /out of range/i)
  })

  test('an int list takes an array of those, and one number where the schema has a size', () => {
    assert.deepEqual(aten.permute!.default(x, [1n, 0]).tolist(), [
      [1, 3],
      [2, 4],
    ])
    assert.deepEqual(aten.zeros!.default([]).shape, [])
    const pooled = aten.max_pool2d!.default(torch.ones([1, 1, 4, 4]), 2)
    assert.deepEqual(pooled.shape, [1, 1, 2, 2])
    for (const [value] of NOT_INTEGERS) {
      if (Array.isArray(value)) continue
      refuses(() => aten.permute!.default(x, value), 'ERR_INVALID_ARG_TYPE', /'dims' must be an array/, String(value))
      refuses(() => aten.permute!.default(x, [0, value]), 'ERR_INVALID_ARG_TYPE', /'dims'/, String(value))
    }
    refuses(() => aten.permute!.default(x, 1), 'ERR_INVALID_ARG_TYPE', /'dims' must be an array/)
    refuses(() => aten.permute!.default(x, [[0, 1]]), 'ERR_INVALID_ARG_TYPE', /'dims'/)
    // biome-ignore lint/suspicious/noSparseArray: a hole is no integer either
    refuses(() => aten.permute!.default(x, [, 1]), 'ERR_INVALID_ARG_TYPE', /'dims'/)
    refuses(() => aten.zeros!.default([2 ** 53]), 'ERR_OUT_OF_RANGE', /'size'/)
    refuses(() => aten.zeros!.default([2n ** 64n]), 'ERR_OUT_OF_RANGE', /'size'/)
    refuses(() => aten.zeros!.default([-1]), 'ERR_LIBTORCH', /negative/)
    refuses(() => aten.zeros!.default(new Float64Array([1, 2])), 'ERR_INVALID_ARG_TYPE', /'size' must be an array/)
  })

  test('a very long int list arrives whole', () => {
    const n = 70_000
    const list = Array.from({ length: n }, (_, i) => i % 2)
    const parts = aten.split_with_sizes!.default(torch.zeros([n / 2]), list)
    assert.equal(parts.length, n)
    assert.deepEqual(parts[1].shape, [1])
  })

  test('a float takes any number, and nothing else', () => {
    const dropped = aten.leaky_relu!.default(torch.tensor([-1]), Number.NaN)
    assert.ok(Number.isNaN(dropped.item()))
    for (const value of ['0.5', null, true, [], 1n]) {
      refuses(() => aten.native_layer_norm!.default(x, [2], null, null, value), 'ERR_INVALID_ARG_TYPE', /'eps' must be/)
    }
    refuses(
      () => aten.upsample_bilinear2d!.vec!(torch.ones([1, 1, 2, 2]), null, false, [2, '2']),
      'ERR_INVALID_ARG_TYPE',
      /'scale_factors'/,
    )
  })

  test('a Scalar takes numbers, bigints, booleans and { re, im }', () => {
    assert.deepEqual(aten.add!.Scalar!(whole, 2 ** 53 - 1).tolist({ bigint: true }), [
      2n ** 53n,
      2n ** 53n + 1n,
      2n ** 53n + 2n,
    ])
    assert.deepEqual(aten.add!.Scalar!(whole, 10n).tolist(), [11, 12, 13])
    assert.deepEqual(aten.add!.Scalar!(whole, true).tolist(), [2, 3, 4])
    assert.ok(Number.isNaN(aten.add!.Scalar!(x, Number.NaN).at(0, 0).item()))
    for (const value of ['2', null, [], {}, Symbol('s'), new Number(3)]) {
      refuses(() => aten.add!.Scalar!(x, value), 'ERR_INVALID_ARG_TYPE', /'other'/)
    }
    refuses(() => aten.add!.Scalar!(whole, 2n ** 64n), 'ERR_OUT_OF_RANGE', /64 bits/)
  })

  test('one rule: a number is an integer where it is one, unless the operand is floating', () => {
    assert.equal(aten.add!.Scalar!(whole, 2).dtype, 'int64')
    assert.equal(aten.add!.Scalar!(whole, 2.5).dtype, 'float32')
    assert.equal(aten.add!.Scalar!(whole, 2 ** 53).dtype, 'float32')
    assert.equal(aten.add!.Scalar!(whole.to('uint8'), 2).dtype, 'uint8')
    assert.equal(aten.add!.Scalar!(torch.tensor([true]), 2).dtype, 'int64')
    assert.equal(aten.add!.Scalar!(torch.tensor([true]), true).dtype, 'bool')
    assert.equal(aten.add!.Scalar!(x, 2).dtype, 'float32')
    assert.equal(aten.add!.Scalar!(x.half(), 2).dtype, 'float16')
    assert.equal(
      aten.mul!.Scalar!(x.double(), 1 / 3)
        .at(0, 0)
        .item(),
      1 / 3,
    )
    // a negative zero is a float, whatever the operand
    assert.equal(1 / (aten.mul!.Scalar!(torch.tensor([1]), -0).item() as number), -Infinity)
  })

  test('a bool takes a boolean', () => {
    for (const value of [0, 1, 'true', null, []]) {
      refuses(() => aten.sum!.dim_IntList!(x, [0], value), 'ERR_INVALID_ARG_TYPE', /'keepdim' must be a boolean/)
    }
  })
})

describe('other kinds', () => {
  test('a tensor', () => {
    for (const value of [1, '1', null, undefined, {}, [], [x], { shape: [2] }, Symbol('s')]) {
      // a number beside a tensor is Python's arithmetic: ops-numbers.test.ts
      const other = value === 1 ? aten.atan2!.default : aten.add!.Tensor!
      refuses(() => other(x, value as never, {}), 'ERR_INVALID_ARG_TYPE', /'other'/)
      refuses(() => aten.relu!.default(value as never, {}), 'ERR_INVALID_ARG_TYPE', /'self'/)
    }
  })

  test("a number stands for a tensor only where Python's arithmetic takes one", () => {
    assert.deepEqual(x.mul(2).tolist(), torch.mul(2 as never, x).tolist())
    for (const made of [torch.add(whole, 1), torch.mul(2 as never, whole), torch.sub(1 as never, whole)]) {
      assert.equal(made.dtype, 'int64')
    }
    for (const call of [() => torch.relu(1 as never), () => torch.exp(1 as never), () => x.matmul(2 as never)]) {
      refuses(call, 'ERR_INVALID_ARG_TYPE', /the number [12]/, String(call))
    }
  })

  test('a list of tensors, and one of tensors and nulls', () => {
    for (const value of [x, [x, null], [x, 1], [[x]], 'x', null, { 0: x, length: 1 }]) {
      refuses(
        () => aten.cat!.default(value as never, 0),
        'ERR_INVALID_ARG_TYPE',
        /'tensors' must be an array of tensors/,
      )
    }
    refuses(
      () => aten.index!.Tensor!(x, [null, 1]),
      'ERR_INVALID_ARG_TYPE',
      /'indices' must be an array of tensors and/,
    )
    refuses(() => aten.cat!.default([]), 'ERR_LIBTORCH', /non-empty list/)
  })

  test('a dtype, a layout, a memory format, a device', () => {
    refuses(() => aten.zeros!.default([1], { dtype: 'flot32' }), 'ERR_INVALID_ARG_TYPE', /did you mean 'float32'\?/)
    refuses(() => aten.zeros!.default([1], { dtype: 6 }), 'ERR_INVALID_ARG_TYPE', /dtype/)
    refuses(() => aten.zeros!.default([1], { layout: 'dense' }), 'ERR_INVALID_ARG_TYPE', /'strided'/)
    refuses(() => aten.clone!.default(x, { memory_format: 'nhwc' }), 'ERR_INVALID_ARG_TYPE', /'channels_last'/)
    refuses(() => aten.zeros!.default([1], { device: 0 }), 'ERR_INVALID_ARG_TYPE', /device/)
    refuses(() => aten.zeros!.default([1], { device: 'gpu' }), 'ERR_LIBTORCH', /gpu/)
    refuses(() => aten.zeros!.default([1], { device: 'cpu:x' }), 'ERR_LIBTORCH', /cpu:x|device/i)
  })

  test('a generator', () => {
    for (const value of [
      1,
      {},
      'cpu',
      Object.create(torch.Generator.prototype),
      new Proxy(new torch.Generator(), {}),
    ]) {
      refuses(() => aten.rand!.generator!([1], { generator: value }), 'ERR_INVALID_ARG_TYPE', /'generator'/)
    }
  })

  test('a string', () => {
    refuses(() => aten.einsum!.default(1, [x]), 'ERR_INVALID_ARG_TYPE', /'equation' must be a string/)
    refuses(() => aten.gelu!.default(x, { approximate: 'tahn' }), 'ERR_LIBTORCH', /approximate/)
    const text = 'ij->ij\0'
    refuses(() => aten.einsum!.default(text, [x]), 'ERR_LIBTORCH', /einsum/)
  })
})

describe("what libtorch refuses: its own text, and the caller's stack", () => {
  test('shapes, dtypes, ranges', () => {
    refuses(
      () => x.matmul(torch.ones([3, 2])),
      'ERR_LIBTORCH',
      /aten::matmul.*shapes cannot be multiplied \(2x2 and 3x2\)/,
    )
    refuses(() => aten.add!.Tensor!(x, torch.ones([3])), 'ERR_LIBTORCH', /size of tensor a \(2\) must match/)
    refuses(() => aten.select!.int!(x, 5, 0), 'ERR_LIBTORCH', /Dimension out of range/)
    refuses(() => aten.bitwise_and!.Tensor!(x, x), 'ERR_LIBTORCH', /not implemented for 'Float'/)
  })

  test('the operator is named, the text is the cause, the stack begins here', () => {
    assert.throws(
      () => aten.mm!.default(x, torch.ones([3, 2])),
      (error: torch.TorchError) => {
        assert.equal(error.name, 'LibtorchError')
        assert.equal(error.operator, 'aten::mm')
        assert.match((error.cause as Error).message, /^mat1 and mat2 shapes cannot be multiplied/)
        assert.doesNotMatch(error.message, /Exception raised from|frame #/)
        assert.match(error.stack!.split('\n').find(line => /^\s+at /.test(line))!, /ops-errors\.test\.ts/)
        return true
      },
    )
  })

  test('far more memory than there is: ERR_OUT_OF_MEMORY, and life goes on', () => {
    refuses(() => torch.empty([2 ** 46]), 'ERR_OUT_OF_MEMORY', /allocate/)
    assert.equal(torch.ones([3]).sum().item(), 3)
    refuses(() => torch.empty([2 ** 50, 2 ** 50]), 'ERR_LIBTORCH', /overflow/i)
  })

  test('an error in the middle leaves its arguments as they were', () => {
    const before = x.tolist()
    refuses(() => x.add_(torch.ones([3])), 'ERR_LIBTORCH', /must match/)
    assert.deepEqual(x.tolist(), before)
  })
})
