/** Mixed precision on the CPU: Python's dtypes and bits, as they are and from the queue. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Job } from '../src/core/job'
import * as torch from '../src/index'
import { compile, Net, nn, type Tensor } from '../src/index'
import { binding } from '../src/native/load'
import { callOperator } from '../src/ops/registry'
import { assertTensor, isExact, readFixture, type TensorFixture, tensorOf } from './reference/tensors'

type Tensors = Record<string, TensorFixture>
type Half = 'bfloat16' | 'float16'

interface Fixture {
  operators: Record<Half, { inputs: Tensors; results: Tensors }>
  training: Record<string, Training>
}
interface Training {
  start: Tensors
  x: TensorFixture
  y: TensorFixture
  steps: { output: TensorFixture; loss: TensorFixture; grads: Tensors; scale: number }[]
  end: Tensors
}

const fixture = readFixture<Fixture>('amp')
const exact = isExact(fixture)
const HALVES = ['bfloat16', 'float16'] as const
const F = nn.functional

const tensors = (all: Tensors) =>
  Object.fromEntries(Object.entries(all).map(([name, tensor]) => [name, tensorOf(tensor)])) as Record<string, Tensor>

/** The operators of the fixture, in two spellings: as people write them, and by their schema. */
const SPELLINGS: Record<string, (t: Record<string, Tensor>) => Record<string, Tensor>> = {
  methods({ a, b, image, kernel, batch, target }) {
    const low = a!.matmul(b!)
    return {
      matmul: low,
      linear: F.linear(a!, b!.t()),
      conv2d: F.conv2d(image!, kernel!),
      addmm: torch.addmm(batch!, a!, b!),
      bmm: torch.bmm(image!.select(1, 0), image!.select(1, 1)),
      softmax: low.softmax(1),
      relu: low.relu(),
      sum: low.sum(),
      mul: low.mul(batch!),
      exp: low.exp(),
      crossEntropy: F.crossEntropy(low, torch.tensor([1n, 0n, 4n, 2n])),
      mse: F.mseLoss(low, target!),
      cat: torch.cat([low, batch!]),
      double: a!.double().matmul(b!.double()),
      prod: low.prod(1),
    } as Record<string, Tensor>
  },
  schemas({ a, b, image, kernel, batch, target }) {
    const call = (name: string, overload: string, ...args: unknown[]) =>
      callOperator(`aten::${name}`, overload, args) as Tensor
    const low = call('matmul', '', a, b)
    return {
      matmul: low,
      linear: call('linear', '', a, call('t', '', b)),
      conv2d: call('conv2d', '', image, kernel),
      addmm: call('addmm', '', batch, a, b),
      bmm: call('bmm', '', call('select', 'int', image, 1, 0), call('select', 'int', image, 1, 1)),
      softmax: call('softmax', 'int', low, 1),
      relu: call('relu', '', low),
      sum: call('sum', '', low),
      mul: call('mul', 'Tensor', low, batch),
      exp: call('exp', '', low),
      crossEntropy: call('cross_entropy_loss', '', low, torch.tensor([1n, 0n, 4n, 2n])),
      mse: call('mse_loss', '', low, target),
      cat: call('cat', '', [low, batch]),
      double: call('matmul', '', a!.double(), b!.double()),
      prod: call('prod', 'dim_int', low, 1),
    }
  },
}

class Shared extends nn.Module {
  conv = new nn.Conv2d(1, 4, 3, { padding: 1 })
  norm = new nn.BatchNorm2d(4)
  again = new nn.Linear(12, 12)
  out = new nn.Linear(48, 3)
  forward(x: Tensor): Tensor {
    const block = this.norm.forward(this.conv.forward(x as never)).relu() as Tensor // [N, 4, 3, 4]
    const flat = this.again.forward(this.again.forward(block.flatten(2) as never) as never) as Tensor // [N, 4, 12]
    return this.out.forward(flat.flatten(1) as never) as Tensor
  }
}

function sharedFrom({ start }: Training): Shared {
  const model = new Shared()
  model.loadStateDict(tensors(start))
  return model
}

describe('the scope', () => {
  test('switches on and gives back what it found, nested and after a throw', () => {
    assert.deepEqual(
      [torch.isAutocastEnabled('cpu'), torch.isAutocastEnabled('cuda'), torch.isAutocastEnabled()],
      [false, false, false],
    )
    assert.deepEqual([torch.getAutocastDtype('cpu'), torch.getAutocastDtype('cuda')], ['bfloat16', 'float16'])
    const state = () => [torch.isAutocastEnabled('cpu'), torch.getAutocastDtype('cpu'), torch.isAutocastCacheEnabled()]
    const outer = torch.autocast('cpu', () => {
      assert.deepEqual(state(), [true, 'bfloat16', true])
      torch.autocast('cpu', { dtype: 'float16', cacheEnabled: false }, () => {
        assert.deepEqual(state(), [true, 'float16', false])
        torch.autocast('cpu', { enabled: false }, () => assert.deepEqual(state(), [false, 'float16', false]))
        assert.deepEqual(state(), [true, 'float16', false])
      })
      assert.deepEqual(state(), [true, 'bfloat16', true])
      assert.throws(
        () =>
          torch.autocast('cpu', { dtype: 'float16' }, () => {
            throw new Error('mine')
          }),
        /mine/,
      )
      assert.deepEqual(state(), [true, 'bfloat16', true])
      return 7
    })
    assert.equal(outer, 7)
    assert.deepEqual(state(), [false, 'bfloat16', true])
  })

  test('works with using, and by torch.amp', () => {
    const x = torch.ones([2, 2])
    {
      using _ = torch.amp.autocast('cpu', { dtype: 'float16' })
      assert.equal(x.matmul(x).dtype, 'float16')
      {
        using _ = torch.autocast('cpu', { enabled: false })
        assert.equal(x.matmul(x).dtype, 'float32')
      }
      assert.equal(x.mm(x).dtype, 'float16')
    }
    assert.equal(x.matmul(x).dtype, 'float32')
  })

  test('refuses async functions', async () => {
    assert.throws(() => torch.autocast('cpu', async () => 1), { code: 'ERR_ASYNC_SCOPE' })
    assert.equal(torch.isAutocastEnabled('cpu'), false)
  })

  test('refuses wrong arguments', () => {
    const wrong = torch.autocast as (...args: unknown[]) => unknown
    const value = { code: 'ERR_INVALID_ARG_VALUE', message: /unsupported autocast device_type 'meta'/ }
    assert.throws(() => wrong('meta', () => 1), value)
    assert.throws(() => torch.isAutocastEnabled('meta' as never), value)
    const type = { code: 'ERR_INVALID_ARG_TYPE' }
    for (const args of [[], [1], [() => 1], ['cpu', { dtype: 'half' }], ['cpu', { enabled: 1 }]]) {
      assert.throws(() => wrong(...args), type, String(args))
    }
    assert.throws(() => torch.getAutocastDtype(undefined as never), type)
    assert.throws(() => wrong('cpu', { dtyp: 'float16' }, () => 1), { code: 'ERR_UNKNOWN_OPTION', message: /'dtype'/ })
    assert.throws(() => binding.autocastClose(), { code: 'ERR_INVALID_ARG_VALUE' })
  })

  test('warns and goes on where mixed precision cannot be', async () => {
    const warnings: string[] = []
    const listen = (warning: Error) => warnings.push(warning.message)
    process.on('warning', listen)
    assert.equal(
      torch.autocast('cpu', { dtype: 'float64' }, () => torch.isAutocastEnabled('cpu')),
      false,
    )
    if (!torch.cuda.isAvailable())
      assert.equal(
        torch.autocast('cuda', () => torch.isAutocastEnabled('cuda')),
        false,
      )
    await new Promise(resolve => setImmediate(resolve))
    process.off('warning', listen)
    assert.match(warnings[0]!, /^In CPU autocast, but the target dtype is not supported\. Disabling autocast\./)
    if (!torch.cuda.isAvailable()) assert.match(warnings[1]!, /CUDA is not available/)
  })
})

describe('operators', () => {
  for (const dtype of HALVES) {
    const { inputs, results } = fixture.operators[dtype]
    for (const [spelling, run] of Object.entries(SPELLINGS)) {
      test(`in ${dtype} give Python's dtypes and bits: ${spelling}`, () => {
        for (const grad of [false, true]) {
          const given = tensors(inputs)
          if (grad) for (const tensor of Object.values(given)) tensor.requiresGrad_()
          const found = torch.autocast('cpu', { dtype }, () => run(given))
          assert.deepEqual(Object.keys(found), Object.keys(results))
          for (const [name, tensor] of Object.entries(found)) {
            assertTensor(tensor.detach(), results[name]!, `${name}, grad ${grad}`, exact)
            assert.equal(tensor.requiresGrad, grad, name)
          }
        }
      })

      test(`in ${dtype} from the queue, with the dtypes known beforehand: ${spelling}`, async () => {
        const job = new Job()
        const given = tensors(inputs)
        const found = job.run(() => torch.autocast('cpu', { dtype }, () => run(given)))
        const dtypes = Object.entries(found).map(([name, tensor]) => [name, tensor.dtype])
        await job.settled()
        for (const [name, tensor] of Object.entries(found)) {
          assertTensor(tensor.detach(), results[name]!, name, exact)
        }
        assert.deepEqual(
          dtypes,
          Object.entries(results).map(([name, tensor]) => [name, tensor.dtype]),
        )
      })
    }
  }

  test('the queue knows the dtype that comes, and is not made to wait, for operators of every policy', async () => {
    const job = new Job()
    const x = torch.rand([4, 4])
    const names = ['matmul', 'mm', 'mse_loss', 'kl_div', 'inverse', 'relu', 'softmax', 'exp']
    job.run(() => x.add(1))
    const begin = job.mark
    const made = job.run(() =>
      torch.autocast('cpu', () =>
        names.map(name => {
          const schema = { softmax: 'int' }[name] ?? ''
          const low = callOperator('aten::mm', '', [x, x])
          const second = /mm|matmul|loss|div/.test(name) ? [low] : name === 'softmax' ? [1] : []
          return callOperator(`aten::${name}`, schema, [low, ...second]) as Tensor
        }),
      ),
    )
    assert.equal(job.mark - begin, 2 * names.length + 1, 'all were queued, and the end of the scope')
    const before = made.map(tensor => tensor.dtype)
    await job.settled()
    const real = made.map(tensor => tensor.detach().clone().dtype)
    assert.deepEqual(before, real)
    assert.deepEqual(real.slice(0, 3), ['bfloat16', 'bfloat16', 'float32'])
  })

  test('of tensors that need no gradient do not pass autocast by', () => {
    const x = torch.rand([3, 3])
    torch.autocast('cpu', () => {
      for (const grad of [true, false]) {
        torch.autograd.setGradEnabled(grad)
        for (const y of [x.matmul(x), x.mm(x), F.linear(x, x), torch.addmm(x, x, x)]) {
          assert.equal(y.dtype, 'bfloat16')
        }
        assert.equal(torch.bmm(x.reshape([1, 3, 3]), x.reshape([1, 3, 3])).dtype, 'bfloat16')
        assert.equal(torch.stack([x.mm(x), x]).dtype, 'float32')
      }
      torch.autograd.setGradEnabled(true)
    })
  })
})

describe('networks', () => {
  for (const [name, cacheEnabled] of [
    ['bfloat16', true],
    ['bfloat16 without the cache', false],
  ] as const) {
    const expected = fixture.training[name]!
    for (const queued of [false, true]) {
      test(`train as in Python, ${name}${queued ? ', from the queue' : ''}`, async () => {
        const model = sharedFrom(expected)
        const [x, y] = [tensorOf(expected.x), tensorOf(expected.y)]
        const optimizer = new torch.optim.Adam(model.parameters(), { lr: 0.01 })
        const criterion = new nn.CrossEntropyLoss()
        const job = new Job()
        const run = <R>(fn: () => R) => (queued ? job.run(fn) : fn())
        for (const [i, step] of expected.steps.entries()) {
          const [output, loss] = run(() => {
            optimizer.zeroGrad()
            const made = torch.autocast('cpu', { cacheEnabled }, () => {
              const output = model.forward(x)
              return [output, criterion.forward(output as never, y as never) as Tensor] as const
            })
            made[1].backward()
            optimizer.step()
            return made
          })
          await job.settled()
          assertTensor(output, step.output, `output ${i}`, exact)
          assertTensor(loss, step.loss, `loss ${i}`, exact)
          for (const [key, parameter] of model.namedParameters()) {
            assertTensor(parameter.grad, step.grads[key]!, `${i} ${key}.grad`, exact)
          }
        }
        for (const [key, tensor] of Object.entries(model.stateDict())) {
          assertTensor(tensor, expected.end[key]!, `${key} at the end`, exact)
        }
      })
    }
  }

  const product = (w: Tensor, x: Tensor) =>
    torch
      .autocast('cpu', () => x.matmul(w))
      .detach()
      .float()
      .tolist()

  test('a weight that was cast does not outlive the outermost scope', () => {
    const [w, x] = [torch.eye(2).requiresGrad_(), torch.ones([1, 2])]
    torch.autocast('cpu', () => {
      assert.deepEqual(product(w, x), [[1, 1]])
      torch.noGrad(() => w.mul_(2))
      assert.deepEqual(product(w, x), [[1, 1]], 'the cast weight is kept inside')
      using _ = torch.autocast('cpu', { cacheEnabled: false })
      assert.deepEqual(x.matmul(w).float().tolist(), [[2, 2]], 'without the cache it is cast anew')
    })
    assert.deepEqual(product(w, x), [[2, 2]])
  })

  test('nor that of a job, done or failed', async () => {
    for (const fails of [false, true]) {
      const [w, x] = [torch.eye(2).requiresGrad_(), torch.ones([1, 2])]
      const job = new Job()
      const queued = job.run(() =>
        torch.autocast('cpu', () => {
          const y = x.matmul(w)
          if (fails) callOperator('aten::index_select', '', [x, 1, torch.tensor([9n])])
          return y
        }),
      )
      if (fails) await assert.rejects(job.settled(), /index/)
      else await job.settled()
      assert.deepEqual(queued.detach().float().tolist(), [[1, 1]])
      torch.noGrad(() => w.mul_(3))
      assert.deepEqual(product(w, x), [[3, 3]])
    }
  })

  test('a compiled model runs as it is in mixed precision, before and after its recording', async () => {
    const model = new Net().eval()
    const fast = compile(model)
    const x = torch.rand([2, 1, 28, 28]) as Tensor<[2, 1, 28, 28]>
    const mixed = (of: { forward(images: Tensor): Tensor }) => torch.autocast('cpu', () => of.forward(x))
    torch.noGrad(() => {
      for (let i = 0; i < 2; i++) {
        const [own, compiled] = [mixed(model as never), mixed(fast as never)]
        assert.equal(compiled.dtype, 'bfloat16')
        assert.deepEqual(compiled.tolist(), own.tolist())
        assert.equal(fast.forward(x).dtype, 'float32')
      }
    })
    const job = new Job()
    const queued = job.run(() => torch.noGrad(() => mixed(fast as never)))
    assert.equal(queued.dtype, 'bfloat16')
    await job.settled()
  })

  test('layers run in the precision of the time when they are called', async () => {
    const layer = new nn.Linear(4, 3)
    const x = torch.rand([2, 4]) as Tensor<[2, 4]>
    const job = new Job()
    const [inside, outside, nested] = job.run(() => {
      const inside = torch.autocast('cpu', () => layer.forward(x))
      const outside = layer.forward(x)
      const nested = torch.autocast('cpu', () => torch.autocast('cpu', { enabled: false }, () => layer.forward(x)))
      return [inside, outside, nested]
    })
    assert.deepEqual([inside!.dtype, outside!.dtype, nested!.dtype], ['bfloat16', 'float32', 'float32'])
    await job.settled()
    assert.deepEqual(
      inside!.detach().tolist(),
      torch
        .autocast('cpu', () => layer.forward(x))
        .detach()
        .tolist(),
    )
    assert.deepEqual(outside!.detach().tolist(), layer.forward(x).detach().tolist())
    assert.deepEqual(nested!.detach().tolist(), outside!.detach().tolist())
  })
})
