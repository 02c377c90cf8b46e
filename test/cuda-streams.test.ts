import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as torch from '../src'
import { cuda } from '../src'

/** What is said of streams without a GPU is in `cuda.test.ts`. */
const gpu = cuda.isAvailable() ? {} : { skip: 'needs a GPU' }

describe('streams', () => {
  test('the default one is current until another is made so', gpu, () => {
    const current = cuda.currentStream()
    assert.equal(current.equals(cuda.defaultStream()), true)
    assert.deepEqual([current.streamId, current.device], [0, 'cuda:0'])
    const side = new cuda.Stream()
    const inside = cuda.stream(side, () => cuda.currentStream())
    assert.equal(inside.equals(side), true)
    assert.equal(inside.equals(current), false)
    assert.equal(cuda.currentStream().equals(current), true)
  })

  test('scopes nest, close on a throw, and at the end of their block', gpu, () => {
    const first = new cuda.Stream()
    const second = new cuda.Stream({ priority: -1 })
    assert.equal(first.equals(second), false)
    cuda.stream(first, () => {
      assert.throws(() =>
        cuda.stream(second, () => {
          assert.ok(cuda.currentStream().equals(second))
          throw new Error('mine')
        }),
      )
      assert.ok(cuda.currentStream().equals(first))
      torch.noGrad(() => {
        using _ = cuda.stream(second)
        assert.ok(cuda.currentStream().equals(second))
      })
      assert.ok(cuda.currentStream().equals(first))
      assert.equal(
        cuda.stream(null, () => cuda.currentStream().equals(first)),
        true,
      )
    })
    assert.equal(cuda.currentStream().streamId, 0)
  })

  test('a scope makes the device of its stream current, too', gpu, t => {
    if (cuda.deviceCount() < 2) return t.skip('needs two GPUs')
    const other = new cuda.Stream('cuda:1')
    cuda.stream(other, () => {
      assert.equal(cuda.currentDevice(), 1)
      assert.ok(cuda.currentStream().equals(other))
      assert.equal(torch.zeros([1], { device: 'cuda' }).device, 'cuda:1')
      assert.equal(cuda.currentStream('cuda:0').streamId, 0)
    })
    assert.equal(cuda.currentDevice(), 0)
    assert.equal(cuda.currentStream('cuda:1').streamId, 0)
  })

  test('one that waits for another sees what it made', gpu, () => {
    const main = cuda.currentStream()
    const side = new cuda.Stream()
    const x = torch.eye(128, { device: 'cuda' })
    side.waitStream(main)
    const y = cuda.stream(side, () => {
      let product = x
      for (let i = 0; i < 50; i++) product = product.matmul(x).mul(1)
      return product.add(1)
    })
    x.recordStream(side)
    main.waitStream(side)
    y.recordStream(main)
    assert.equal(y.sum().item(), 128 * 128 + 128)
    side.synchronize()
    assert.equal(side.query(), true)
  })

  test('a backward pass inside of a scope gives the gradients of one outside', gpu, () => {
    const gradient = () => {
      const x = torch.ones([8, 8], { device: 'cuda', requiresGrad: true })
      x.mul(x).matmul(x).sum().backward()
      return x.grad!
    }
    const expected = gradient()
    const side = new cuda.Stream()
    side.waitStream(cuda.currentStream())
    const grad = cuda.stream(side, gradient)
    cuda.currentStream().waitStream(side)
    assert.deepEqual(grad.tolist(), expected.tolist())
  })

  test('recordStream is for tensors on a GPU', gpu, () => {
    assert.throws(() => torch.ones([1]).recordStream(cuda.currentStream()), {
      code: 'ERR_INVALID_ARG_VALUE',
      message: /expected a tensor on cuda, got one on cpu/,
    })
  })

  test('thousands of streams and events come and go', gpu, () => {
    for (let i = 0; i < 3000; i++) cuda.currentStream().recordEvent()
    torch.memory.collect()
    const event = new cuda.Event()
    event.record()
    event.synchronize()
    assert.equal(event.query(), true)
  })
})

describe('events', () => {
  test('one that was never recorded has happened, and nobody waits for it', gpu, () => {
    const event = new cuda.Event()
    assert.equal(event.query(), true)
    event.wait()
    event.synchronize()
    cuda.currentStream().synchronize()
  })

  test('order: a stream that waits for an event comes after it', gpu, () => {
    const side = new cuda.Stream()
    const x = torch.zeros([1 << 16], { device: 'cuda' })
    side.waitStream(cuda.currentStream())
    const made = cuda.stream(side, () => {
      for (let i = 0; i < 100; i++) x.add_(1)
      return side.recordEvent()
    })
    made.wait()
    x.mul_(2)
    assert.deepEqual([x.at(0).item(), x.at(-1).item()], [200, 200])
    made.synchronize()
    assert.equal(made.query(), true)
  })

  test('elapsedTime is the time between two, in milliseconds', gpu, () => {
    const start = new cuda.Event({ enableTiming: true })
    const end = new cuda.Event(true)
    const x = torch.rand([256, 256], { device: 'cuda' })
    start.record()
    for (let i = 0; i < 20; i++) x.matmul(x)
    cuda.currentStream().recordEvent(end)
    end.synchronize()
    const elapsed = start.elapsedTime(end)
    assert.ok(elapsed > 0 && elapsed < 60_000, `${elapsed} ms`)
  })

  test('elapsedTime refuses events without times, and ones that did not happen', gpu, () => {
    const code = 'ERR_INVALID_ARG_VALUE'
    const timed = () => new cuda.Event({ enableTiming: true })
    const recorded = timed()
    recorded.record()
    recorded.synchronize()
    assert.throws(() => recorded.elapsedTime(timed()), { code, message: /must be recorded first/ })
    const plain = new cuda.Event()
    plain.record()
    assert.throws(() => recorded.elapsedTime(plain), { code, message: /enableTiming: true/ })
    assert.throws(() => recorded.elapsedTime({} as never), { code: 'ERR_INVALID_ARG_TYPE', message: /an Event/ })
  })
})
