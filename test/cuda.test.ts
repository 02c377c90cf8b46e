import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as torch from '../src'
import { cuda, data, Net, nn, optim, type Tensor, train } from '../src'

/** One body per device; what needs a GPU says so where there is none. */
const gpu = cuda.isAvailable() ? {} : { skip: 'needs a GPU' }
const noGpu = cuda.isAvailable() ? { skip: 'there is a GPU here' } : {}
/** `cuda-stand-in.test.ts` runs this file with a GPU that is made of the CPU. */
const standIn = process.env.LIBTORCH_NODE_TEST_STAND_IN !== undefined
const realGpu = standIn ? { skip: 'needs a real GPU' } : gpu

const turn = () => new Promise<void>(resolve => setImmediate(resolve))

describe('without a GPU', () => {
  const t = torch.ones([3])
  const refused: Record<string, () => unknown> = {
    currentDevice: () => cuda.currentDevice(),
    synchronize: () => cuda.synchronize(),
    'synchronize of a device': () => cuda.synchronize('cuda:0'),
    getDeviceName: () => cuda.getDeviceName(),
    getDeviceProperties: () => cuda.getDeviceProperties(0),
    getDeviceCapability: () => cuda.getDeviceCapability(),
    memoryStats: () => cuda.memoryStats(),
    memoryAllocated: () => cuda.memoryAllocated(),
    maxMemoryAllocated: () => cuda.maxMemoryAllocated(),
    memoryReserved: () => cuda.memoryReserved(),
    maxMemoryReserved: () => cuda.maxMemoryReserved(),
    resetPeakMemoryStats: () => cuda.resetPeakMemoryStats(),
    memGetInfo: () => cuda.memGetInfo(),
    Stream: () => new cuda.Stream(),
    'Stream of a device': () => new cuda.Stream('cuda:0', { priority: -1 }),
    currentStream: () => cuda.currentStream(),
    defaultStream: () => cuda.defaultStream(0),
    Event: () => new cuda.Event({ enableTiming: true }),
    pinMemory: () => t.pinMemory(),
    'zeros in pinned memory': () => torch.zeros([2], { pinMemory: true }),
    'onesLike in pinned memory': () => torch.onesLike(t, { pinMemory: true }),
    'tensor in pinned memory': () => torch.tensor([1, 2], { pinMemory: true }),
    'to, non-blocking': () => t.to('cuda', { nonBlocking: true }),
    'cuda, non-blocking': () => t.cuda({ nonBlocking: true }),
    'module.cuda': () => new nn.Linear(2, 2).cuda(),
  }
  const why = cuda.isBuilt()
    ? /knows CUDA, but no NVIDIA driver or no GPU is found/
    : /built without CUDA; LIBTORCH_NODE/

  for (const [name, call] of Object.entries(refused)) {
    test(`${name} is ERR_CUDA_UNAVAILABLE and says why`, noGpu, () => {
      assert.throws(call, { name: 'CudaUnavailableError', code: 'ERR_CUDA_UNAVAILABLE', message: why })
    })
  }

  test('what can be said is said', noGpu, () => {
    assert.equal(cuda.isAvailable(), false)
    assert.equal(cuda.deviceCount(), 0)
    assert.equal(torch.version.libtorch.includes('+cu') && !cuda.isBuilt(), false)
    cuda.emptyCache()
    assert.equal(t.isPinned(), false)
  })

  test('a stream of null is no stream, and changes nothing', noGpu, () => {
    assert.equal(
      cuda.stream(null, () => 7),
      7,
    )
    using _ = cuda.stream(null)
    assert.equal(torch.ones([2]).sum().item(), 2)
  })

  test('non-blocking copies on the CPU are copies', () => {
    assert.deepEqual(torch.zeros([3]).copy_(t, { nonBlocking: true }).tolist(), [1, 1, 1])
    assert.equal(t.to('cpu', { nonBlocking: true }), t)
    assert.notEqual(t.to('cpu', { nonBlocking: true, copy: true }), t)
  })
})

describe('wrong arguments', () => {
  const cases: [string, () => unknown, string, RegExp][] = [
    [
      'a device of another kind',
      () => cuda.synchronize('cpu' as never),
      'ERR_INVALID_ARG_TYPE',
      /'cuda:0', got the str/,
    ],
    ['a negative device', () => cuda.memoryStats(-1), 'ERR_INVALID_ARG_TYPE', /got the number -1/],
    ['a device with a tail', () => cuda.currentStream('cuda:0x' as never), 'ERR_INVALID_ARG_TYPE', /cuda:0x/],
    ['an unknown option', () => new cuda.Stream({ prioritty: 1 } as never), 'ERR_UNKNOWN_OPTION', /mean 'priority'/],
    ['a priority of words', () => new cuda.Stream({ priority: 'high' as never }), 'ERR_INVALID_ARG_TYPE', /an integer/],
    ['an unknown option of Event', () => new cuda.Event({ blocking: true } as never), 'ERR_UNKNOWN_OPTION', /blocking/],
    ['a flag of words', () => new cuda.Event({ enableTiming: 'yes' as never }), 'ERR_INVALID_ARG_TYPE', /a boolean/],
    ['no stream', () => cuda.stream({} as never, () => 1), 'ERR_INVALID_ARG_TYPE', /expected a Stream, got an object/],
    ['nothing', () => cuda.stream(undefined as never), 'ERR_INVALID_ARG_TYPE', /expected a Stream, got undefined/],
    ['a look-alike', () => cuda.stream(Object.create(cuda.Stream.prototype)), 'ERR_INVALID_ARG_TYPE', /a Stream/],
    ['no function', () => cuda.stream(null, 3 as never), 'ERR_INVALID_ARG_TYPE', /takes a function, got the number 3/],
    [
      'no stream to record',
      () => torch.ones([1]).recordStream(1 as never),
      'ERR_INVALID_ARG_TYPE',
      /a Stream, got the/,
    ],
    [
      'a nonBlocking of words',
      () => torch.ones([1]).cuda({ nonBlocking: 'x' as never }),
      'ERR_INVALID_ARG_TYPE',
      /bool/,
    ],
  ]
  for (const [name, call, code, message] of cases) {
    test(name, () => assert.throws(call, { code, message }))
  }

  test('an async function is ERR_ASYNC_SCOPE', async () => {
    const stream = cuda.isAvailable() ? new cuda.Stream() : null
    assert.throws(() => cuda.stream(stream, async () => turn()), {
      code: 'ERR_ASYNC_SCOPE',
      message: /^cuda\.stream takes a synchronous function/,
    })
    await turn()
  })

  test('a scope left open over an await is closed and reported', async () => {
    const stream = cuda.isAvailable() ? new cuda.Stream() : null
    const warnings: Error[] = []
    const listen = (warning: Error) => warnings.push(warning)
    process.on('warning', listen)
    const leak = async () => {
      using _ = cuda.stream(stream)
      await turn()
    }
    await assert.rejects(leak, { code: 'ERR_ASYNC_SCOPE', message: /a scope of cuda\.stream\(\) was still open/ })
    await turn()
    process.off('warning', listen)
    assert.equal(warnings.length, 1)
    if (stream !== null) assert.equal(cuda.currentStream().equals(stream), false)
  })

  test('a device that is not there, a priority that cannot be', gpu, () => {
    const code = 'ERR_OUT_OF_RANGE'
    assert.throws(() => cuda.synchronize(1000), { code, message: /there is no cuda:1000/ })
    assert.throws(() => new cuda.Stream({ device: 'cuda:1000' }), { code })
    assert.throws(() => new cuda.Stream({ priority: 1 }), { code, message: /priority/ })
  })
})

describe('devices', () => {
  test('their number, and the current one', gpu, () => {
    assert.ok(cuda.isBuilt() || standIn)
    assert.ok(cuda.deviceCount() >= 1)
    assert.equal(cuda.currentDevice(), 0)
    cuda.synchronize()
    cuda.synchronize('cuda:0')
  })

  test('what the driver says of one', realGpu, () => {
    const properties = cuda.getDeviceProperties()
    assert.match(properties.name, /\S/)
    assert.equal(cuda.getDeviceName(0), properties.name)
    assert.deepEqual(cuda.getDeviceCapability(), [properties.major, properties.minor])
    assert.ok(properties.major >= 5 && properties.minor >= 0 && properties.minor <= 9)
    assert.ok(properties.totalMemory > 1e9, `${properties.totalMemory} bytes`)
    assert.ok(properties.multiProcessorCount >= 1)
    assert.equal(properties.warpSize, 32)
    const [free, total] = cuda.memGetInfo()
    assert.ok(free > 0 && free <= total)
    assert.ok(Math.abs(total / properties.totalMemory - 1) < 0.05, `${total} of ${properties.totalMemory}`)
  })
})

describe('pinned memory and copies', () => {
  test('pinMemory copies, once', gpu, () => {
    const t = torch.arange(6).reshape([2, 3]).float()
    assert.equal(t.isPinned(), false)
    const pinned = t.pinMemory()
    assert.equal(pinned.isPinned(), true)
    assert.equal(pinned.device, 'cpu')
    assert.deepEqual(pinned.tolist(), t.tolist())
    assert.equal(pinned.pinMemory(), pinned)
    assert.equal(pinned.at(1).isPinned(), true, 'a view of it')
    assert.equal(pinned.add(1).isPinned(), false)
    assert.throws(() => t.cuda().pinMemory(), { code: 'ERR_LIBTORCH', message: /dense CPU tensors can be pinned/ })
  })

  test('makers take { pinMemory: true }', gpu, () => {
    for (const made of [
      torch.empty([4], { pinMemory: true }),
      torch.zeros([4], { pinMemory: true }),
      torch.tensor([1, 2, 3, 4], { pinMemory: true }),
      torch.zerosLike(torch.ones([4]), { pinMemory: true }),
    ]) {
      assert.deepEqual([made.isPinned(), made.device, made.shape], [true, 'cpu', [4]])
    }
    assert.equal(torch.zeros([4], { pinMemory: false }).isPinned(), false)
  })

  test('memory that JavaScript shares is not pinned, and copies of it are whole', gpu, () => {
    const array = new Float32Array(100_000).fill(1)
    const shared = torch.fromTypedArray(array, [array.length], { copy: false })
    assert.equal(shared.isPinned(), false)
    const there = shared.to('cuda', { nonBlocking: true })
    array.fill(2) // the copy of memory that is not pinned has left it when `to` returns
    assert.equal(there.sum().item(), 100_000)
  })

  test('a non-blocking copy outlives its source', gpu, () => {
    const there: Tensor[] = []
    for (let i = 0; i < 20; i++) {
      const pinned = torch.full([100_000], i, { pinMemory: true })
      there.push(pinned.to('cuda', { nonBlocking: true }))
      pinned.dispose() // the next one may get its memory only when the copy is done
    }
    there.forEach((t, i) => {
      assert.equal(t.at(0).item(), i)
      assert.equal(t.at(-1).item(), i)
    })
  })

  test('to the GPU and back, without waiting until the end', gpu, () => {
    const source = torch.arange(1000).float().pinMemory()
    const there = torch.empty([1000], { device: 'cuda' }).copy_(source, { nonBlocking: true })
    const back = torch.empty([1000], { pinMemory: true }).copy_(there.add(1), { nonBlocking: true })
    const fresh = there.to('cpu', { nonBlocking: true })
    const direct = source.cuda({ nonBlocking: true })
    cuda.synchronize()
    assert.equal(back.sum().item(), 500_500)
    assert.equal(fresh.sum().item(), 499_500)
    assert.equal(direct.sum().item(), 499_500)
    assert.equal(direct.device, 'cuda:0')
  })
})

describe('memory statistics', () => {
  const MIB = 1 << 20

  test('what tensors take, the peak of it, and what is kept for others', gpu, () => {
    torch.zeros([1], { device: 'cuda' }).dispose()
    torch.memory.collect()
    cuda.synchronize()
    const before = cuda.memoryAllocated()
    const t = torch.zeros([4 * MIB], { device: 'cuda' })
    const during = cuda.memoryAllocated()
    assert.ok(during - before >= 16 * MIB && during - before <= 20 * MIB, `${during - before} bytes`)
    assert.ok(cuda.memoryReserved() >= during)
    t.dispose()
    assert.equal(cuda.memoryAllocated(), before)
    assert.ok(cuda.maxMemoryAllocated() >= during)
    assert.ok(cuda.maxMemoryReserved() >= cuda.memoryReserved())
    cuda.resetPeakMemoryStats()
    assert.equal(cuda.maxMemoryAllocated(), before)
    cuda.emptyCache()
    assert.ok(cuda.memoryReserved() <= cuda.maxMemoryReserved())
  })

  test('memoryStats has the names of Python', gpu, () => {
    const t = torch.zeros([8], { device: 'cuda' })
    const stats = cuda.memoryStats('cuda:0')
    for (const name of [
      'allocated_bytes.all.current',
      'allocated_bytes.small_pool.peak',
      'reserved_bytes.large_pool.allocated',
      'active.all.freed',
      'inactive_split_bytes.all.current',
      'oversize_allocations.peak',
      'segment.all.current',
      'num_alloc_retries',
      'num_ooms',
      'max_split_size',
    ]) {
      assert.equal(typeof stats[name], 'number', name)
    }
    assert.equal(stats['allocated_bytes.all.current'], cuda.memoryAllocated())
    t.dispose()
  })

  test('memGetInfo', gpu, () => {
    const [free, total] = cuda.memGetInfo('cuda:0')
    assert.ok(free > 0 && total >= free, `${free} of ${total}`)
  })
})

describe('training', () => {
  const close = (a: number, b: number, relative: number) =>
    assert.ok(Math.abs(a - b) <= relative * Math.abs(b), `${a} is not within ${relative} of ${b}`)

  /** The parameters after some steps, and where the counts of the steps lie. */
  function steps(device: 'cpu' | 'cuda', options: optim.AdamOptions): { values: number[]; counts: string[] } {
    torch.manualSeed(3)
    const layer = new nn.Linear(5, 4)
    layer.to(device)
    const x = torch.linspace(-1, 1, 15).reshape([3, 5]).to(device)
    const optimizer = new optim.Adam(layer.parameters(), { lr: 0.05, weightDecay: 0.01, ...options })
    for (let i = 0; i < 5; i++) {
      optimizer.zeroGrad()
      layer.forward(x).pow(2).sum().backward()
      optimizer.step()
    }
    const { state } = optimizer.stateDict()
    return {
      values: [...layer.parameters()].flatMap(parameter => parameter.flatten().tolist() as number[]),
      counts: Object.values(state).map(({ step }) => `${step!.device} ${step!.item()}`),
    }
  }

  test('the three ways of Adam agree on the GPU, and with the CPU', gpu, () => {
    const cpu = steps('cpu', { foreach: false })
    const ways = {
      'as Python chooses': {},
      single: { foreach: false },
      foreach: { foreach: true },
      fused: { fused: true },
      'fused AMSGrad': { fused: true, amsgrad: true },
    }
    for (const [name, options] of Object.entries(ways)) {
      const { values, counts } = steps('cuda', options)
      const expected = 'amsgrad' in options ? steps('cpu', { foreach: false, amsgrad: true }) : cpu
      values.forEach((value, i) => {
        assert.ok(Math.abs(value - expected.values[i]!) < 1e-5, `${name}: ${value}, on the CPU ${expected.values[i]}`)
      })
      // a count on the CPU is read without waiting for the GPU; the fused kernel reads its own there
      const place = 'fused' in options ? 'cuda:0' : 'cpu'
      assert.deepEqual(counts, [`${place} 5`, `${place} 5`], name)
    }
  })

  test("an optimizer's state from the CPU goes on on the GPU, its counts where Python has them", gpu, () => {
    const made = (device: 'cpu' | 'cuda', fused: boolean) => {
      torch.manualSeed(3)
      const layer = new nn.Linear(3, 2)
      layer.to(device)
      const optimizer = new optim.Adam(layer.parameters(), { fused })
      const step = () => {
        optimizer.zeroGrad()
        layer
          .forward(torch.ones([2, 3], { device }))
          .sum()
          .backward()
        optimizer.step()
      }
      return { layer, optimizer, step }
    }
    for (const fused of [false, true]) {
      const cpu = made('cpu', false)
      cpu.step()
      const there = made('cuda', fused)
      there.step()
      const saved = cpu.optimizer.stateDict()
      for (const group of saved.param_groups) group.fused = fused
      there.optimizer.loadStateDict(saved)
      there.step()
      for (const state of Object.values(there.optimizer.stateDict().state)) {
        assert.deepEqual([state.step!.device, state.step!.item()], [fused ? 'cuda:0' : 'cpu', 2])
        assert.equal(state.exp_avg!.device, 'cuda:0')
      }
    }
  })

  test('SGD fused and with momentum agrees with the CPU', gpu, () => {
    const run = (device: 'cpu' | 'cuda', fused: boolean) => {
      torch.manualSeed(3)
      const layer = new nn.Linear(5, 4)
      layer.to(device)
      const optimizer = new optim.SGD(layer.parameters(), { lr: 0.05, momentum: 0.9, fused })
      for (let i = 0; i < 4; i++) {
        optimizer.zeroGrad()
        layer
          .forward(torch.ones([2, 5], { device }))
          .pow(2)
          .sum()
          .backward()
        optimizer.step()
      }
      return layer.weight.flatten().tolist() as number[]
    }
    const expected = run('cpu', false)
    for (const fused of [false, true]) {
      run('cuda', fused).forEach((value, i) => {
        assert.ok(Math.abs(value - expected[i]!) < 1e-5, `${value}, on the CPU ${expected[i]}`)
      })
    }
  })

  test('the training loop gives the losses of the CPU, within the convolutions of a GPU', gpu, async () => {
    const [[images, labels]] = await data.fashionMnist.loadData({ sample: true })
    const run = async (device: 'cpu' | 'cuda', batchSize: 'full' | number) => {
      torch.manualSeed(0)
      const model = new Net()
      model.to(device)
      const batch = (from: number, length: number) => {
        const x = images.narrow(0, from, length).reshape([length, 1, 28, 28]).float().to(device)
        return [x, labels.narrow(0, from, length).long().to(device)] as [Tensor<[number, 1, 28, 28]>, Tensor<[number]>]
      }
      const optimizer = new optim.Adam(model.parameters(), { lr: 1e-4, fused: device === 'cuda' })
      const history = await train(
        model,
        { train: batch(0, 200) as never, validation: batch(200, 50) as never },
        { epochs: 2, optimizer, batchSize },
      )
      for (const parameter of model.parameters()) assert.match(parameter.device, new RegExp(`^${device}`))
      return history
    }
    for (const batchSize of ['full', 64] as const) {
      const cpu = await run('cpu', batchSize)
      const there = await run('cuda', batchSize)
      // TF32 keeps 10 bits of what a convolution multiplies, and Adam makes a step of any gradient that should be 0
      close(there.trainLosses[0]!, cpu.trainLosses[0]!, 5e-3)
      close(there.valLosses[0]!, cpu.valLosses[0]!, 2e-2)
      close(there.trainLosses[1]!, cpu.trainLosses[1]!, 1e-2)
    }
  })
})
