import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import * as torch from '../src/index'
import { binding } from '../src/native/load'

const make = () => torch.tensor([1, 2, 3])
const live = () => {
  torch.memory.collect()
  return torch.memory.stats().tensors
}

describe('a handle that is none', () => {
  const real = make()
  const FORGED: Record<string, unknown> = {
    'a plain object': { shape: [3], dtype: 'float32' },
    'an object that inherits from a tensor': Object.create(real),
    'an object that inherits from the class': Object.create(torch.Tensor.prototype),
    'a proxy of a tensor': new Proxy(real, {}),
    'a copy of a tensor': Object.assign(Object.create(torch.Tensor.prototype), real),
    'a slot': 1,
    'a typed array': new Float32Array(3),
  }

  for (const [what, forged] of Object.entries(FORGED)) {
    test(`${what} is refused as any argument`, () => {
      const fake = forged as torch.Tensor
      assert.equal(torch.isTensor(fake), false)
      const calls: (() => unknown)[] = [
        () => torch.ops.aten.relu!.default(fake, {}),
        () => torch.ops.aten.mm!.default(real, fake, {}),
        () => torch.ops.aten.cat!.default([real, fake]),
        () => torch.relu(fake, {} as never),
        () => torch.matmul(real, fake, {} as never),
        () => torch.cat([real, fake] as torch.Tensor[]),
        () => real.matmul(fake, {} as never),
        () => real.dot(fake, {} as never),
        () => real.backward(fake, false),
        () => torch.autograd.grad([fake], [real]),
      ]
      for (const call of calls) assert.throws(call, { code: 'ERR_INVALID_ARG_TYPE' }, `${what}: ${call}`)
    })
  }

  test('an integer beside a tensor is a number, never the tensor of that slot', () => {
    const sum = torch.ops.aten.add!.Tensor!(torch.zeros([2]), 1, {}) as torch.Tensor
    assert.deepEqual(sum.tolist(), [1, 1])
  })

  test("the class's methods and getters refuse a receiver that is no tensor", () => {
    const prototype = torch.Tensor.prototype as unknown as Record<string, unknown>
    const names = ['shape', 'dtype', 'device', 'ndim', 'requiresGrad', 'grad', 'isLeaf', 'gradFn', 'layout', 'disposed']
    const receivers = { plain: {}, inherits: Object.create(real), proxy: new Proxy(real, {}), null: null, number: 3 }
    for (const [what, receiver] of Object.entries(receivers)) {
      for (const name of names) {
        const { get } = Object.getOwnPropertyDescriptor(torch.Tensor.prototype, name)!
        assert.throws(() => get!.call(receiver), { name: /TypeError|InvalidArgTypeError/ }, `${name} of ${what}`)
      }
      for (const name of [
        'numel',
        'item',
        'tolist',
        'bytes',
        'dispose',
        'stride',
        'relu',
        'matmul',
        'backward',
        'to',
      ]) {
        const method = prototype[name] as (...args: unknown[]) => unknown
        assert.throws(() => method.call(receiver, real), /./, `${name} of ${what}`)
      }
    }
    assert.deepEqual(real.tolist(), [1, 2, 3])
  })

  test('a tensor that the class alone constructs holds nothing', () => {
    const empty = new torch.Tensor()
    assert.equal(empty.disposed, true)
    assert.throws(() => empty.shape, { code: 'ERR_DISPOSED' })
    assert.throws(() => torch.relu(empty), { code: 'ERR_DISPOSED' })
  })
})

describe('a slot that is none: native code checks again', () => {
  const shape = binding.tensorShape as (slot: unknown) => unknown
  const relu = binding.operatorFunction('aten::relu', '', 0).call

  test('integers that name no tensor, or one of another generation', () => {
    const t = make()
    const before = live()
    for (const slot of [-1, 0, 1 << 21, 2 ** 31 - 1, 0x3fffff]) {
      assert.throws(() => shape(slot), { code: 'ERR_DISPOSED' }, `${slot}`)
      assert.throws(() => relu(slot, new torch.Tensor()), { code: 'ERR_DISPOSED' }, `${slot}`)
    }
    for (const slot of [-(2 ** 31), 2 ** 31, 2 ** 53, 1.5, -0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.throws(() => shape(slot), { code: /ERR_DISPOSED|ERR_INVALID_ARG_TYPE/ }, `${slot}`)
    }
    for (let i = 0; i < 4096; i++) {
      // whatever a forged integer hits, it never crashes
      try {
        shape((i * 2654435761) | 0)
      } catch (error) {
        assert.match((error as torch.TorchError).code, /ERR_DISPOSED|ERR_INVALID_ARG_TYPE/)
      }
    }
    assert.equal(live(), before)
    assert.deepEqual(t.tolist(), [1, 2, 3])
  })

  test('what is no integer', () => {
    for (const slot of [undefined, null, '1', {}, [], Symbol('s'), make(), () => 1, 1n]) {
      assert.throws(() => shape(slot), { code: 'ERR_INVALID_ARG_TYPE' }, String(typeof slot))
      assert.throws(() => relu(slot, new torch.Tensor()), { code: 'ERR_INVALID_ARG_TYPE' }, String(typeof slot))
    }
    assert.throws(() => (shape as () => unknown)(), { code: 'ERR_INVALID_ARG_TYPE' })
  })

  test('a result object that is none', () => {
    const t = binding.tensorDuplicate(binding.generatorState(binding.generatorDefault('cpu')))
    for (const result of [undefined, null, 3, 'x']) {
      assert.throws(() => relu(t, result), { code: 'ERR_INVALID_ARG_TYPE' }, String(result))
    }
    binding.tensorDrop(t)
  })
})

describe('a disposed tensor', () => {
  test('every use is ERR_DISPOSED, in any place', () => {
    const gone = make()
    const other = make()
    gone.dispose()
    const uses: (() => unknown)[] = [
      () => gone.shape,
      () => gone.dtype,
      () => gone.device,
      () => gone.ndim,
      () => gone.requiresGrad,
      () => gone.grad,
      () => gone.isLeaf,
      () => gone.gradFn,
      () => gone.size(0),
      () => gone.numel(),
      () => gone.stride(),
      () => gone.isContiguous(),
      () => gone.item(),
      () => gone.tolist(),
      () => gone.toTypedArray(),
      () => gone.bytes(),
      () => gone.to('cpu'),
      () => gone.float(),
      () => gone.detach(),
      () => gone.clone(),
      () => gone.at(0),
      () => gone.backward(),
      () => gone.requiresGrad_(),
      () => gone.add(1),
      () => gone.add_(other),
      () => gone.view([3]),
      () => gone.matmul(other),
      () => gone.logSoftmax(0),
      () => torch.relu(gone),
      () => torch.add(other, gone),
      () => torch.cat([other, gone]),
      () => other.copy_(gone),
      () => other.matmul(gone),
      () => torch.ops.aten.add!.out!(other, other, { out: gone }),
      () => torch.ops.aten.index!.Tensor!(other, [gone]),
      () => torch.autograd.grad([gone], [other]),
      () => torch.autograd.grad([other], [gone]),
      () => other.backward(gone),
      () => torch.zerosLike(gone),
      () => torch.tensor(gone as never),
      () => {
        other.grad = gone
      },
    ]
    for (const use of uses) assert.throws(use, { code: 'ERR_DISPOSED' }, String(use))
    assert.equal(gone.disposed, true)
    assert.match(String(gone), /disposed/)
    assert.deepEqual(other.tolist(), [1, 2, 3])
  })

  test('dispose is idempotent, and never frees what took its slot', () => {
    const before = live()
    const gone = make()
    gone.dispose()
    const next = make() // takes the freed slot
    gone.dispose()
    gone[Symbol.dispose]()
    assert.deepEqual(next.tolist(), [1, 2, 3])
    assert.throws(() => gone.shape, { code: 'ERR_DISPOSED' })
    assert.equal(live(), before + 1)
    next.dispose()
    assert.equal(live(), before)
  })

  test('storage that other tensors share stays', () => {
    const base = torch.arange(6)
    const view = base.view([2, 3])
    const row = view.at(1)
    base.dispose()
    view.dispose()
    assert.deepEqual(row.tolist(), [3, 4, 5])
    row.mul_(10)
    assert.deepEqual(row.tolist(), [30, 40, 50])
  })

  test('a graph outlives the tensors that it was made of', () => {
    const x = torch.tensor([2], { requiresGrad: true })
    const middle = x.pow(2)
    const y = middle.mul(3).sum()
    middle.dispose()
    y.backward()
    assert.deepEqual(x.grad!.tolist(), [12])
  })

  test('using disposes at the end of the block, on a throw too', () => {
    const before = live()
    {
      using t = make()
      assert.equal(t.disposed, false)
    }
    assert.throws(() => {
      using t = make()
      throw new Error(`with ${t.numel()}`)
    }, /with 3/)
    assert.equal(live(), before)
  })

  test('the same tensor twice in a call, and as its own output', () => {
    const t = make()
    assert.deepEqual(t.add(t).tolist(), [2, 4, 6])
    assert.equal(torch.ops.aten.add!.out!(t, t, { out: t }), t)
    assert.deepEqual(t.tolist(), [2, 4, 6])
  })
})

describe('tidy', () => {
  test('frees all tensors made inside but those returned', () => {
    const before = live()
    const outside = make()
    let inside: torch.Tensor | undefined
    const result = torch.tidy(() => {
      inside = outside.mul(2)
      return inside.add(1)
    })
    assert.equal(inside!.disposed, true)
    assert.deepEqual(result.tolist(), [3, 5, 7])
    assert.equal(outside.disposed, false)
    assert.equal(live(), before + 2)
  })

  test('leaves buffers that are assigned inside', () => {
    class Average extends torch.nn.Module {
      mean: torch.Tensor = this.registerBuffer('mean', torch.zeros([2]))
      forward() {}
    }
    const module = new Average()
    const layer = new torch.nn.BatchNorm2d(2)
    torch.tidy(() => {
      const made = torch.ones([2])
      torch.tidy(() => {
        module.mean = module.mean.add(1)
        layer.running_mean = made
      })
    })
    assert.deepEqual(
      [module.mean.tolist(), layer.running_mean!.tolist()],
      [
        [1, 1],
        [1, 1],
      ],
    )
  })

  test('finds what is returned in arrays, objects, maps and sets, cycles included', () => {
    interface Found {
      list: torch.Tensor[]
      deep: { t: torch.Tensor }
      map: Map<string, torch.Tensor>
      set: Set<torch.Tensor>
      self?: Found
    }
    const made = torch.tidy(() => {
      const found: Found = {
        list: [make(), make()],
        deep: { t: make() },
        map: new Map([['a', make()]]),
        set: new Set([make()]),
      }
      found.self = found
      make()
      return found
    })
    const all = [...made.list, made.deep.t, ...made.map.values(), ...made.set]
    assert.deepEqual(
      all.map(t => t.disposed),
      [false, false, false, false, false],
    )
  })

  test('on a throw frees everything', () => {
    const before = live()
    assert.throws(
      () =>
        torch.tidy(() => {
          make().add(1)
          throw new RangeError('mine')
        }),
      { name: 'RangeError', message: 'mine' },
    )
    assert.equal(live(), before)
  })

  test('nested: what the inner one returns belongs to the outer one', () => {
    const before = live()
    let inner: torch.Tensor | undefined
    const outer = torch.tidy(() => {
      inner = torch.tidy(() => make().add(1))
      assert.equal(inner.disposed, false)
      return inner.mul(2)
    })
    assert.equal(inner!.disposed, true)
    assert.deepEqual(outer.tolist(), [4, 6, 8])
    assert.equal(live(), before + 1)
  })

  test('several results, lists, views and grads are freed like any', () => {
    const x = torch.tensor([3, 1, 2], { requiresGrad: true })
    const before = live()
    torch.tidy(() => {
      torch.ops.aten.topk!.default(x, 2)
      x.split(1)
      x.at(0)
      x.mul(2).sum().backward()
      return x.grad!.mul(1).tolist()
    })
    assert.equal(live(), before)
    assert.deepEqual(x.grad!.tolist(), [2, 2, 2])
  })

  test('an early dispose inside is fine', () => {
    const before = live()
    torch.tidy(() => {
      const t = make()
      t.dispose()
      make().dispose()
    })
    assert.equal(live(), before)
  })

  test('an async function is refused, and what it made is freed', async () => {
    const before = live()
    assert.throws(() => torch.tidy(async () => make()), {
      code: 'ERR_ASYNC_SCOPE',
      message: /tidy takes a synchronous function/,
    })
    assert.throws(() => torch.tidy(() => Promise.reject(new Error('lost'))), { code: 'ERR_ASYNC_SCOPE' })
    await new Promise(resolve => setImmediate(resolve)) // no unhandled rejection comes after it
    assert.ok(live() <= before + 1)
  })

  test('takes a function', () => {
    assert.throws(() => torch.tidy(make() as never), { code: 'ERR_INVALID_ARG_TYPE', message: /tidy takes a function/ })
  })
})

describe('another copy of the package in the same process', () => {
  test('its tensors are strangers: refused, and both copies work', () => {
    const program = `
      const mine = require('./src/index')
      for (const key of Object.keys(require.cache)) if (key.includes('/src/')) delete require.cache[key]
      const other = require('./src/index')
      const a = mine.tensor([1, 2]), b = other.tensor([10, 20])
      if (mine.isTensor(b) || other.isTensor(a) || mine.Tensor === other.Tensor) throw new Error('not two copies')
      let code
      for (const call of [() => mine.add(a, b), () => other.relu(a), () => mine.cat([a, b])]) {
        code = undefined
        try { call() } catch (error) { code = error.code }
        if (code !== 'ERR_INVALID_ARG_TYPE') throw new Error(call + ' gave ' + code)
      }
      console.log(JSON.stringify([mine.add(a, a).tolist(), other.add(b, b).tolist()]))`
    const output = execFileSync(process.execPath, ['--require', 'ts-node/register', '-e', program], {
      cwd: join(__dirname, '..'),
      encoding: 'utf8',
    })
    assert.equal(output.trim(), '[[2,4],[20,40]]')
  })
})
