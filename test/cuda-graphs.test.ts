import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Worker } from 'node:worker_threads'
import * as torch from '../src'
import { cuda, nn, optim, type Tensor } from '../src'
import { Job } from '../src/core/job'
import { binding } from '../src/native/load'

/** One body per device; `cuda-stand-in.test.ts` runs this file with a GPU that is made of the CPU. */
const gpu = cuda.isAvailable() ? {} : { skip: 'needs a GPU' }
const noGpu = cuda.isAvailable() ? { skip: 'there is a GPU here' } : {}
const standIn = process.env.LIBTORCH_NODE_TEST_STAND_IN !== undefined
const onlyStandIn = standIn ? {} : { skip: 'needs the stand-in, whose kernels wait where they are told to' }

const capture = 'ERR_CUDA_CAPTURE'

/** Three calls on a side stream, as every capture wants them. */
function warmUp(fn: () => unknown): void {
  const side = new cuda.Stream()
  side.waitStream(cuda.currentStream())
  cuda.stream(side, () => {
    for (let i = 0; i < 3; i++) fn()
  })
  cuda.currentStream().waitStream(side)
}

describe('graphs without a GPU', () => {
  test('are ERR_CUDA_UNAVAILABLE and say why', noGpu, () => {
    const why = cuda.isBuilt() ? /no NVIDIA driver or no GPU is found/ : /built without CUDA; LIBTORCH_NODE_VARIANT/
    for (const call of [() => new cuda.CUDAGraph(), () => cuda.graphPoolHandle()]) {
      assert.throws(call, { name: 'CudaUnavailableError', code: 'ERR_CUDA_UNAVAILABLE', message: why })
    }
    assert.equal(cuda.isCurrentStreamCapturing(), false)
  })

  test('a libtorch with CUDA has all that graphs are made of', noGpu, t => {
    if (!cuda.isBuilt()) return t.skip('needs a libtorch with CUDA')
    assert.equal(binding.cudaGraphMissing(), null)
  })

  test('wrong arguments are told before anything else', () => {
    const cases: [() => unknown, string, RegExp][] = [
      [() => new cuda.CUDAGraph({ keepgraph: true } as never), 'ERR_UNKNOWN_OPTION', /mean 'keepGraph'/],
      [() => new cuda.CUDAGraph('yes' as never), 'ERR_INVALID_ARG_TYPE', /'keepGraph' must be a boolean/],
      [() => cuda.graph({} as never, () => 1), 'ERR_INVALID_ARG_TYPE', /expected a CUDAGraph, got an object/],
      [() => cuda.graph(undefined as never), 'ERR_INVALID_ARG_TYPE', /expected a CUDAGraph, got undefined/],
      [
        () => cuda.graph(Object.create(cuda.CUDAGraph.prototype), () => 1),
        'ERR_INVALID_ARG_TYPE',
        /expected a CUDAGraph/,
      ],
    ]
    for (const [call, code, message] of cases) assert.throws(call, { code, message })
  })
})

describe('a graph', () => {
  test('wrong options', gpu, () => {
    const graph = new cuda.CUDAGraph()
    const type = 'ERR_INVALID_ARG_TYPE'
    assert.throws(() => cuda.graph(graph, 7 as never), { code: type, message: /takes a function, got the number 7/ })
    assert.throws(() => cuda.graph(graph, () => 1, { captureErrorMode: 'loose' as never }), {
      code: type,
      message: /'captureErrorMode' must be one of 'global', 'thread_local', 'relaxed'/,
    })
    assert.throws(() => cuda.graph(graph, () => 1, { pool: 3 as never }), {
      code: type,
      message: /'pool' must be what/,
    })
    assert.throws(() => cuda.graph(graph, () => 1, { stream: 3 as never }), { code: type, message: /must be a Stream/ })
    assert.throws(() => cuda.graph(graph, () => 1, { poool: null } as never), { code: 'ERR_UNKNOWN_OPTION' })
    for (const pool of [
      [0, 0],
      [1, 1],
      [-1, 0],
    ]) {
      assert.throws(() => cuda.graph(graph, () => 1, { pool: pool as never }), {
        code: 'ERR_INVALID_ARG_VALUE',
        message: /a pool is what/,
      })
    }
    assert.equal(cuda.isCurrentStreamCapturing(), false)
    assert.equal(cuda.currentStream().streamId, 0)
  })

  test('is not run by its capture, and by each replay on what is there then', gpu, () => {
    const x = torch.ones([4], { device: 'cuda' })
    const total = torch.zeros([4], { device: 'cuda' })
    const step = () => {
      assert.equal(cuda.isCurrentStreamCapturing(), capturing)
      total.add_(x)
      return x.mul(2).add(1)
    }
    let capturing = false
    warmUp(step)
    total.zero_()
    const graph = new cuda.CUDAGraph()
    capturing = true
    const y = cuda.graph(graph, step)
    assert.equal(cuda.isCurrentStreamCapturing(), false)
    assert.equal(cuda.currentStream().streamId, 0)
    assert.deepEqual(total.tolist(), [0, 0, 0, 0])
    for (const value of [3, 5]) {
      x.fill_(value)
      graph.replay()
      assert.deepEqual(y.tolist(), Array(4).fill(2 * value + 1))
    }
    assert.deepEqual(total.tolist(), [8, 8, 8, 8])
  })

  test('keeps what it read: a tensor that was disposed is still there for it', gpu, () => {
    const x = torch.full([1000], 2, { device: 'cuda' })
    const constant = torch.full([1000], 3, { device: 'cuda' })
    const graph = new cuda.CUDAGraph()
    const y = cuda.graph(graph, () => x.mul(constant))
    constant.dispose()
    torch.memory.collect()
    const others = Array.from({ length: 8 }, () => torch.full([1000], -1, { device: 'cuda' }))
    graph.replay()
    assert.equal(y.sum().item(), 6000)
    assert.equal(others.length, 8)
  })

  test('as a scope for using, with a stream and a pool of ones own', gpu, () => {
    const x = torch.ones([3], { device: 'cuda' })
    const stream = new cuda.Stream()
    const pool = cuda.graphPoolHandle()
    const [first, second] = [new cuda.CUDAGraph(), new cuda.CUDAGraph()]
    let y: Tensor
    let z: Tensor
    {
      using _ = cuda.graph(first, { stream, pool, captureErrorMode: 'thread_local' })
      assert.ok(cuda.currentStream().equals(stream))
      y = x.add(1)
    }
    {
      using _ = cuda.graph(second, { stream, pool: first.pool(), captureErrorMode: 'relaxed' })
      z = y.add(1)
    }
    assert.deepEqual([first.pool(), second.pool()], [pool, pool])
    first.replay()
    second.replay()
    assert.deepEqual(z.tolist(), [3, 3, 3])
    const own = new cuda.CUDAGraph()
    cuda.graph(own, () => x.add(1))
    assert.notDeepEqual(own.pool(), pool)
  })

  test('captureBegin and captureEnd, written out', gpu, () => {
    const x = torch.ones([3], { device: 'cuda' })
    const graph = new cuda.CUDAGraph({ keepGraph: true })
    assert.throws(() => graph.captureBegin(), { code: capture, message: /default stream cannot be captured/ })
    assert.throws(() => graph.captureEnd(), { code: capture, message: /not being captured/ })
    const side = new cuda.Stream()
    cuda.stream(side, () => {
      graph.captureBegin(null, { captureErrorMode: 'relaxed' })
      x.add_(1)
      assert.throws(() => cuda.stream(cuda.defaultStream(), () => graph.captureEnd()), {
        code: capture,
        message: /ends on the stream that it began on/,
      })
      assert.throws(() => graph.reset(), { code: capture, message: /being captured/ })
      graph.captureEnd()
    })
    graph.instantiate()
    graph.replay()
    graph.replay()
    assert.deepEqual(x.tolist(), [3, 3, 3])
    const plain = new cuda.CUDAGraph()
    cuda.graph(plain, () => x.add_(1))
    assert.throws(() => plain.instantiate(), { code: 'ERR_INVALID_ARG_VALUE', message: /keepGraph: true/ })
  })

  test('without a capture, or with one already', gpu, () => {
    const x = torch.ones([3], { device: 'cuda' })
    const graph = new cuda.CUDAGraph()
    for (const call of [() => graph.replay(), () => graph.pool(), () => graph.instantiate()]) {
      assert.throws(call, { name: 'CudaCaptureError', code: capture, message: /holds no capture/ })
    }
    cuda.graph(graph, () => x.add_(1))
    assert.throws(() => cuda.graph(graph, () => x.add_(1)), { code: capture, message: /reset\(\) lets it go/ })
    graph.reset()
    assert.throws(() => graph.replay(), { code: capture })
    cuda.graph(graph, () => x.add_(10))
    graph.replay()
    assert.deepEqual(x.tolist(), [11, 11, 11])
  })

  test("inside of a job's section: captured here, replayed in its turn", gpu, async () => {
    const x = torch.ones([3], { device: 'cuda' })
    const graph = new cuda.CUDAGraph()
    const job = new Job()
    const y = job.run(() => {
      x.add_(1)
      const made = cuda.graph(graph, () => {
        assert.throws(() => new Job().run(() => x.add(1)), { code: capture, message: /own thread/ })
        return x.mul(10)
      })
      x.add_(1)
      graph.replay()
      const first = made.clone()
      x.add_(1)
      graph.replay()
      return [first, made]
    })
    assert.deepEqual(
      y.map(tensor => tensor.tolist()),
      [
        [30, 30, 30],
        [40, 40, 40],
      ],
    )
    await job.settled()
  })

  test('thousands come and go', gpu, () => {
    const x = torch.ones([3], { device: 'cuda' })
    for (let i = 0; i < 200; i++) cuda.graph(new cuda.CUDAGraph(), () => x.add_(1))
    torch.memory.collect()
    assert.deepEqual(x.tolist(), [1, 1, 1])
  })
})

describe('what cannot be captured', () => {
  const x = cuda.isAvailable() ? torch.ones([3], { device: 'cuda' }) : undefined!
  const cases: [string, () => unknown, RegExp][] = [
    ['item', () => x.sum().item(), /reading a value of a tensor waits for the GPU, which is not allowed while/],
    ['tolist', () => x.tolist(), /a copy between the CPU and the GPU waits/],
    ['a copy to the CPU', () => x.cpu(), /a copy between the CPU and the GPU waits/],
    ['a copy from the CPU', () => torch.ones([3]).cuda(), /a copy between the CPU and the GPU waits/],
    ['nonzero', () => x.nonzero(), /aten::nonzero waits for the GPU/],
    ['an index by a mask', () => x.maskedSelect(x.gt(0)), /aten::masked_select waits/],
    ['equal', () => x.equal(x.mul(1)), /aten::equal waits/],
    ['synchronize', () => cuda.synchronize(), /synchronize waits/],
    ['Stream.synchronize', () => cuda.currentStream().synchronize(), /Stream.synchronize waits/],
    ['Stream.query', () => cuda.currentStream().query(), /Stream.query waits/],
    ['Event.synchronize', () => new cuda.Event().synchronize(), /Event.synchronize waits/],
    ['Event.query', () => new cuda.Event().query(), /Event.query waits/],
    ['emptyCache', () => cuda.emptyCache(), /emptyCache waits/],
    ['another capture', () => cuda.graph(new cuda.CUDAGraph(), () => x.add(1)), /being captured already/],
    [
      'a replay',
      () => {
        done.replay()
      },
      /cannot be part of a CUDA graph/,
    ],
  ]
  const done = cuda.isAvailable() ? new cuda.CUDAGraph() : undefined!
  for (const [name, call, message] of cases) {
    test(`${name} is ERR_CUDA_CAPTURE, and all goes on afterwards`, gpu, () => {
      done.reset()
      cuda.graph(done, () => x.add(1))
      const graph = new cuda.CUDAGraph()
      assert.throws(() => cuda.graph(graph, call), { name: 'CudaCaptureError', code: capture, message })
      assert.equal(cuda.isCurrentStreamCapturing(), false)
      assert.equal(cuda.currentStream().streamId, 0)
      assert.throws(() => graph.replay(), { code: capture, message: /holds no capture/ })
      const y = cuda.graph(graph, () => x.add(1))
      graph.replay()
      assert.deepEqual(y.tolist(), [2, 2, 2])
    })
  }

  test('an error that is caught inside leaves the rest of the capture as it is', gpu, () => {
    const graph = new cuda.CUDAGraph()
    const y = cuda.graph(graph, () => {
      const z = x.add(1)
      assert.throws(() => z.sum().item(), { code: capture })
      return z.mul(2)
    })
    graph.replay()
    assert.deepEqual(y.tolist(), [4, 4, 4])
  })

  test('a kernel that waits unasked spoils the capture, not the process', onlyStandIn, () => {
    const square = torch.eye(3, { device: 'cuda' })
    const graph = new cuda.CUDAGraph()
    const eigh = () => torch.ops.aten._linalg_eigh!.default(square, 'L', true)
    assert.throws(() => cuda.graph(graph, eigh), { code: capture, message: /not permitted when stream is capturing/ })
    assert.throws(
      () =>
        cuda.graph(graph, () => {
          assert.throws(eigh)
        }),
      { code: capture, message: /the capture failed, and the graph stays empty/ },
    )
    const y = cuda.graph(graph, () => square.add(1))
    graph.replay()
    assert.equal(y.sum().item(), 12)
  })

  test('an async function', gpu, async () => {
    const graph = new cuda.CUDAGraph()
    assert.throws(() => cuda.graph(graph, async () => x.add(1)), { code: 'ERR_ASYNC_SCOPE', message: /^cuda\.graph/ })
    assert.throws(() => graph.replay(), { code: capture })
    await new Promise(setImmediate)
    assert.equal(cuda.isCurrentStreamCapturing(), false)
  })

  test('a worker that ends in the middle of a capture leaves the process free to capture', gpu, async () => {
    const code = `
      require('ts-node/register/transpile-only')
      const torch = require(${JSON.stringify(require.resolve('../src'))})
      const x = torch.ones([3], { device: 'cuda' })
      const graph = new torch.cuda.CUDAGraph()
      torch.cuda.graph(graph, () => {
        x.add(1)
        process.exit()
      })`
    const worker = new Worker(code, { eval: true })
    await new Promise((resolve, reject) => worker.once('exit', resolve).once('error', reject))
    const graph = new cuda.CUDAGraph()
    const y = cuda.graph(graph, () => x.add(1))
    graph.replay()
    assert.deepEqual(y.tolist(), [2, 2, 2])
  })
})

describe('a training step as a graph', () => {
  test('gives the parameters of eager steps', gpu, () => {
    const made = () => {
      torch.manualSeed(7)
      const model = new nn.Sequential(new nn.Linear(6, 8), new nn.BatchNorm1d(8), new nn.ReLU(), new nn.Linear(8, 3))
      model.cuda()
      return { model, optimizer: new optim.Adam(model.parameters(), { lr: 0.05, fused: true }) }
    }
    const batches = Array.from({ length: 8 }, (_, i) => {
      torch.manualSeed(i)
      return [torch.rand([10, 6]).cuda(), torch.randint(3, [10]).cuda()] as [Tensor, Tensor<number[], 'int64'>]
    })
    const criterion = new nn.CrossEntropyLoss()
    // tidy: what autograd keeps of a step on another stream would spoil the capture
    const step = ({ model, optimizer }: ReturnType<typeof made>, x: Tensor, y: Tensor) =>
      torch.tidy(() => {
        const loss = criterion.forward(model.forward(x as never) as Tensor, y as never)
        loss.backward()
        optimizer.step()
        return loss.detach()
      })

    const eager = made()
    const expected = batches.map(([x, y]) => {
      eager.optimizer.zeroGrad()
      return step(eager, x, y).item() as number
    })

    const graphed = made()
    const [x, y] = batches[0]!.map(tensor => tensor.clone()) as [Tensor, Tensor]
    const losses: number[] = []
    const load = (i: number) => {
      x.copy_(batches[i]![0])
      y.copy_(batches[i]![1])
    }
    const side = new cuda.Stream()
    for (let i = 0; i < 3; i++) {
      load(i)
      side.waitStream(cuda.currentStream())
      cuda.stream(side, () => {
        graphed.optimizer.zeroGrad()
        losses.push(step(graphed, x, y).item() as number)
      })
      cuda.currentStream().waitStream(side)
    }
    const graph = new cuda.CUDAGraph()
    graphed.optimizer.zeroGrad()
    const loss = cuda.graph(graph, () => step(graphed, x, y))
    for (let i = 3; i < 8; i++) {
      load(i)
      graph.replay()
      losses.push(loss.item() as number)
    }
    const near = (a: number, b: number) => assert.ok(Math.abs(a - b) < 1e-5, `${a}, eager ${b}`)
    for (const [i, value] of losses.entries()) near(value, expected[i]!)
    const values = ({ model }: typeof eager) =>
      [...model.parameters(), ...model.buffers()].flatMap(tensor => tensor.double().flatten().tolist() as number[])
    for (const [i, value] of values(graphed).entries()) near(value, values(eager)[i]!)
  })

  test('draws other random numbers at each replay', gpu, () => {
    const x = torch.ones([1000], { device: 'cuda' })
    const dropout = new nn.Dropout(0.5)
    warmUp(() => dropout.forward(x))
    const graph = new cuda.CUDAGraph()
    const y = cuda.graph(graph, () => dropout.forward(x))
    const seen = new Set<string>()
    for (let i = 0; i < 3; i++) {
      graph.replay()
      seen.add(y.tolist().join())
    }
    assert.equal(seen.size, 3)
  })
})
