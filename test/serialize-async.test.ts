import assert from 'node:assert/strict'
import { chmodSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import * as torch from '../src'
import { load, loadAsync, loadMetadata, nn, optim, save, saveAsync, type Tensor, train } from '../src'
import { Job } from '../src/core/job'
import { callOperator } from '../src/ops/registry'
import { beside, described, fresh, MB, megabytes } from './reference/files'

const python = join(__dirname, 'reference/fixtures/serialize.safetensors')

/** Every form of a tensor that a file can hold. */
function forms(): Record<string, Tensor> {
  const whole = torch.arange(12, { dtype: 'float32' }).view([3, 4])
  return {
    ...load(python),
    whole,
    again: whole,
    transposed: whole.t(),
    column: whole.select(1, 2),
    strided: whole.slice(1, 0, 4, 2),
    expanded: torch.tensor([1, 2]).expand([3, 2]),
    conjugate: (torch.tensor([{ re: 1, im: 2 }]) as Tensor).conj(),
    negative: callOperator('aten::_neg_view', '', [torch.tensor([1, 2])]) as Tensor,
    scalar: torch.tensor(3) as Tensor,
    empty: torch.zeros([2, 0, 3]) as Tensor,
    leaf: torch.tensor([1, 2], { requiresGrad: true }),
    booleans: torch.tensor([1, 0, 1]).bool(),
    halves: torch.tensor([1, 2.5]).half(),
    brains: (torch.tensor([1, 2.5]) as Tensor).to('bfloat16'),
    inference: torch.inferenceMode(() => torch.ones([2])),
  }
}

describe('the same as save and load', () => {
  test('files byte for byte', async () => {
    const [here, there] = [fresh(), fresh()]
    const cases: [Record<string, Tensor>, Record<string, string> | undefined][] = [
      [forms(), { 'made by': 'ä"\n' }],
      [
        { ...forms(), large: torch.randn([35, MB / 4]) as Tensor, 'large and turned': torch.randn([1500, 3000]).t() },
        {},
      ],
      [{}, undefined],
      [{ empty: torch.zeros([0]) }, { a: 'b' }],
    ]
    for (const [tensors, metadata] of cases) {
      save(tensors, here, { metadata })
      assert.equal(await saveAsync(tensors, pathToFileURL(there), { metadata }), undefined)
      assert.ok(readFileSync(here).equals(readFileSync(there)))
      assert.deepEqual(loadMetadata(there), metadata ?? {})
    }
    assert.deepEqual(beside(there), ['net.safetensors'])
  })

  test('tensors bit for bit, in order, of their own memory', async () => {
    const file = fresh()
    for (const tensors of [load(python), forms(), {}, { large: torch.randn([35, MB / 4]) as Tensor }]) {
      await saveAsync(tensors, file)
      const back = await loadAsync(file)
      assert.deepEqual(described(back), described(load(file)))
      for (const tensor of Object.values(back)) assert.ok(tensor.isContiguous() && !tensor.requiresGrad)
    }
    const { large } = await loadAsync(pathToFileURL(file))
    rmSync(file)
    large!.add_(1)
    const named = await loadAsync(python)
    assert.ok(Object.hasOwn(named, '__proto__'))
  })

  test('other devices', async () => {
    const file = fresh()
    save({ a: torch.ones([2]), none: torch.zeros([0]) }, file)
    for (const options of ['meta', { mapLocation: 'meta' }, { device: 'meta' }] as const) {
      const { a, none } = await loadAsync(file, options as { device: 'meta' })
      assert.deepEqual([a!.device, a!.shape], ['meta', [2]])
      assert.deepEqual([none!.shape, none!.numel()], [[0], 0])
    }
    await assert.rejects(saveAsync({ a: torch.empty([2], { device: 'meta' }) }, file), { code: 'ERR_LIBTORCH' })
    assert.deepEqual((await loadAsync(file, 'cpu')).a!.tolist(), [1, 1])
    if (!torch.cuda.isAvailable()) {
      await assert.rejects(loadAsync(file, 'cuda'), { code: 'ERR_CUDA_UNAVAILABLE' })
    } else {
      const { a } = await loadAsync(file, 'cuda')
      await saveAsync({ a: a! }, file)
      assert.equal(a!.device, 'cuda:0')
      assert.deepEqual(load(file).a!.tolist(), [1, 1])
    }
    assert.deepEqual(beside(file), ['net.safetensors'])
  })

  test('a file that is replaced keeps its mode, and a link stays a link', async () => {
    const [file, link] = [fresh(), fresh()]
    save({ a: torch.tensor([1]) }, file)
    chmodSync(file, 0o640)
    symlinkSync(file, link)
    await saveAsync({ a: torch.tensor([1, 2]) }, link)
    assert.deepEqual(load(file).a!.tolist(), [1, 2])
    assert.equal(statSync(file).mode & 0o777, 0o640)
  })
})

describe('the values of the call', () => {
  test('in place afterwards, at once or queued, is not in the file; queued before is', async () => {
    const file = fresh()
    const x = megabytes(48)
    new Job().run(() => x.add_(1))
    const saving = saveAsync({ x }, file)
    const later = new Job()
    later.run(() => x.mul_(10))
    x.add_(5) // waits for what uses x
    await saving
    assert.deepEqual([load(file).x!.min().item(), load(file).x!.max().item()], [2, 2])
    assert.equal(x.max().item(), 25)
    const again = saveAsync({ x }, file)
    x.fill_(0)
    await again
    assert.deepEqual([load(file).x!.min().item(), load(file).x!.max().item()], [25, 25])
  })

  test('results that are still to come, also where they are changed as soon as they are there', async () => {
    const file = fresh()
    const other = new Job()
    const x = megabytes(48)
    const [sum, view] = other.run(() => {
      torch.ones([700, 700]).matmul(torch.ones([700, 700]))
      return [x.add(1), x.narrow(0, 1, 40)] as const
    })
    const saving = saveAsync({ sum, view }, file)
    sum.fill_(7) // waits for the job that makes it, and for the file
    x.fill_(8)
    await saving
    const back = load(file)
    for (const [name, value] of [
      ['sum', 2],
      ['view', 1],
    ] as const) {
      assert.deepEqual([back[name]!.min().item(), back[name]!.max().item()], [value, value], name)
    }
    assert.deepEqual([sum.max().item(), view.max().item()], [7, 8])
  })

  test('a result that is never made rejects with the error of its job, and the older file stays', async () => {
    const file = fresh()
    save({ a: torch.ones([1]) }, file)
    const other = new Job()
    const wrong = other.run(() => torch.ones([2]).indexSelect(0, torch.tensor([5], { dtype: 'int64' }) as never))
    await assert.rejects(saveAsync({ large: megabytes(20), wrong }, file), { code: 'ERR_LIBTORCH', message: /index/ })
    await assert.rejects(other.settled(), { message: /index/ })
    assert.deepEqual(load(file).a!.tolist(), [1])
    assert.deepEqual(beside(file), ['net.safetensors'])
  })

  test('disposed and forgotten afterwards', async () => {
    const file = fresh()
    const x = megabytes(20, 3)
    const saving = saveAsync({ x }, file)
    x.dispose()
    torch.memory.collect()
    await saving
    assert.equal(load(file).x!.min().item(), 3)
  })

  test('of two at once to the same path the later call wins', async () => {
    const file = fresh()
    const all = [1, 2, 3, 4].map(value => saveAsync({ x: megabytes(value * 5, value) }, file))
    save({ x: torch.zeros([1]) }, file) // this one is over before
    await Promise.all(all)
    const { x } = load(file)
    assert.deepEqual([x!.size(0), x!.min().item(), x!.max().item()], [20, 4, 4])
    assert.deepEqual(beside(file), ['net.safetensors'])
  })
})

/** A model whose steps give other parameters each, and what they are after each step of the plain loop. */
function tiny() {
  torch.manualSeed(3)
  class Tiny extends nn.Module {
    layers = new nn.Sequential(new nn.Linear(6, 12), new nn.BatchNorm2d(1), new nn.ReLU(), new nn.Linear(12, 3))

    forward(x: Tensor): Tensor {
      const [first, norm, relu, last] = [...this.layers] as unknown as Record<'forward', (x: Tensor) => Tensor>[]
      const hidden = first!.forward(x)
      const normed = norm!.forward(hidden.view([-1, 1, 12, 1])) // [N, 1, 12, 1]
      return last!.forward(relu!.forward(normed.view([-1, 12])))
    }
  }
  const model = new Tiny()
  const data = {
    train: [torch.randn([64, 6]), torch.arange(64).remainder(3)] as [Tensor, Tensor],
    validation: [torch.randn([8, 6]), torch.arange(8).remainder(3)] as [Tensor, Tensor],
  }
  return { model, data, optimizer: new optim.Adam(model.parameters(), { lr: 0.05 }) }
}

const bitsOf = (tensors: Record<string, Tensor>) =>
  Object.entries(tensors)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, tensor]) => `${name} ${Buffer.from(tensor.bytes()).toString('hex')}`)
    .join('\n')

describe('beside a training', () => {
  const EPOCHS = 40

  /** The state before the first epoch and after each. */
  async function statesOf(batchSize: 'full' | number): Promise<string[]> {
    const { model, data, optimizer } = tiny()
    const states = [bitsOf(model.stateDict())]
    const onEpoch = () => void states.push(bitsOf(model.stateDict()))
    await train(model as never, data as never, { epochs: EPOCHS, optimizer, batchSize, onEpoch })
    assert.equal(new Set(states).size, EPOCHS + 1)
    return states
  }

  test('saved in onEpoch, waited for or not, is the state of that epoch', async () => {
    for (const batchSize of ['full', 16] as const) {
      const states = await statesOf(batchSize)
      for (const waits of [true, false]) {
        const { model, data, optimizer } = tiny()
        const saved: Promise<string>[] = []
        const file = fresh()
        await train(model as never, data as never, {
          epochs: EPOCHS,
          optimizer,
          batchSize,
          onEpoch: async ({ epoch }) => {
            const path = file.replace('net', `${epoch}`)
            saved.push(saveAsync(model.stateDict(), path).then(() => bitsOf(load(path))))
            if (waits) await saved.at(-1)
          },
        })
        assert.deepEqual(await Promise.all(saved), states.slice(1))
      }
    }
  })

  test('saved at any moment is a state between two steps', async t => {
    const states = await statesOf('full') // an epoch is one step
    const { model, data, optimizer } = tiny()
    const file = fresh()
    const saved: Promise<string>[] = []
    let over = false
    const training = train(model as never, data as never, { epochs: EPOCHS, optimizer }).finally(() => {
      over = true
    })
    while (!over) {
      const path = file.replace('net', `${saved.length}`)
      saved.push(saveAsync(model.stateDict(), path).then(() => bitsOf(load(path))))
      await new Promise(resolve => setTimeout(resolve, saved.length % 4))
    }
    await training
    const found = (await Promise.all(saved)).map(bits => states.indexOf(bits))
    t.diagnostic(`saved after steps ${found.join(' ')}`)
    assert.ok(!found.includes(-1), 'every file is a state between two steps')
    assert.deepEqual(
      found,
      [...found].sort((a, b) => a - b),
    )
    assert.ok(
      found.some(step => step > 0 && step < EPOCHS),
      'some were saved in the middle',
    )
  })

  test('model.stateDict() waits for no step', async () => {
    const model = new nn.Linear(4, 4)
    const job = new Job()
    job.run(() => {
      model.forward(torch.ones([2, 4]))
      const large = torch.ones([1500, 1500]) as Tensor
      for (let i = 0; i < 3; i++) large.matmul(large)
    })
    const start = performance.now()
    const dict = model.stateDict()
    const [, bias] = [dict.weight, dict.bias!]
    const took = performance.now() - start
    let done = false
    const settled = job.settled().then(() => {
      done = true
    })
    await new Promise(resolve => setImmediate(resolve))
    assert.equal(done, false, `the job is still at work after ${took} ms`)
    bias.fill_(3) // waits
    await settled
    assert.equal(model.bias!.max().item(), 3)
  })
})
