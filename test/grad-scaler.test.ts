/** `amp.GradScaler` with Python's numbers, and what it refuses. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Job } from '../src/core/job'
import * as torch from '../src/index'
import { amp, type Tensor } from '../src/index'
import { assertTensor, isExact, readFixture, type TensorFixture } from './reference/tensors'

interface Fixture {
  scaler: {
    factors: string[]
    steps: {
      losses: TensorFixture[]
      weight: TensorFixture
      other: TensorFixture
      grads: TensorFixture[]
      state: amp.GradScalerState
    }[]
  }
}

const fixture = readFixture<Fixture>('amp')
const exact = isExact(fixture)
const value = { code: 'ERR_INVALID_ARG_VALUE' }

function parts(options: Omit<amp.GradScalerOptions, 'device'> = {}) {
  const weight = torch.ones([3], { requiresGrad: true })
  const optimizer = new torch.optim.SGD([weight], { lr: 0.5 })
  const scaler = new amp.GradScaler('cpu', { initScale: 8, ...options })
  return { weight, optimizer, scaler }
}

describe('a scaler', () => {
  for (const queued of [false, true]) {
    test(`follows Python through gradients that are not finite${queued ? ', from the queue' : ''}`, async () => {
      const weight = torch.ones([3], { requiresGrad: true })
      const other = torch.full([2], 2, { requiresGrad: true })
      const optimizers = [new torch.optim.SGD([weight], { lr: 0.5 }), new torch.optim.Adam([other], { lr: 0.25 })]
      const scaler = new amp.GradScaler('cpu', {
        initScale: 8,
        growthFactor: 3,
        backoffFactor: 0.25,
        growthInterval: 2,
      })
      const job = new Job()
      const { factors, steps } = fixture.scaler
      for (const [i, step] of steps.entries()) {
        const factor = factors[i] === 'inf' ? Number.POSITIVE_INFINITY : Number(factors[i])
        const iterate = () =>
          torch.tidy(() => {
            for (const optimizer of optimizers) optimizer.zeroGrad()
            const losses = scaler.scale([weight.mul(factor).sum(), other.mul(other).sum()] as const)
            losses[0].add(losses[1]).backward()
            if (i % 2 === 0) scaler.unscale_(optimizers[1]!)
            for (const optimizer of optimizers) scaler.step(optimizer)
            scaler.update(i === 6 ? 0.1 : undefined)
            return losses
          })
        const losses = queued ? job.run(iterate) : iterate()
        await job.settled()
        losses.forEach((loss, k) => {
          assertTensor(loss, step.losses[k]!, `loss ${i} ${k}`, exact)
        })
        assertTensor(weight, step.weight, `weight ${i}`, exact)
        assertTensor(other, step.other, `other ${i}`, exact)
        assertTensor(weight.grad, step.grads[0]!, `grad ${i}`, exact)
        assertTensor(other.grad, step.grads[1]!, `grad of other ${i}`, exact)
        assert.deepEqual(scaler.stateDict(), step.state)
      }
    })
  }

  test('keeps its state in a state dict', () => {
    const { weight, optimizer, scaler } = parts({ growthInterval: 3 })
    scaler.scale(weight.sum()).backward()
    scaler.step(optimizer)
    scaler.update()
    const state = scaler.stateDict()
    assert.deepEqual(state, { scale: 8, growth_factor: 2, backoff_factor: 0.5, growth_interval: 3, _growth_tracker: 1 })
    const fresh = new amp.GradScaler({ device: 'cpu' })
    assert.equal(fresh.getScale(), 65536)
    fresh.loadStateDict(state)
    assert.deepEqual(fresh.stateDict(), state)
    for (let i = 0; i < 2; i++) {
      optimizer.zeroGrad()
      fresh.scale(weight.sum()).backward()
      fresh.step(optimizer)
      fresh.update()
    }
    assert.equal(fresh.getScale(), 16, 'two more steps, after the one that the state knows')
    fresh.loadStateDict(state)
    assert.deepEqual(fresh.stateDict(), state)
    assert.throws(() => fresh.loadStateDict({}), { code: 'ERR_STATE_DICT', message: /empty/ })
    assert.throws(() => fresh.loadStateDict({ ...state, scale: undefined }), { code: 'ERR_STATE_DICT' })
    assert.throws(() => fresh.loadStateDict(null as never), { code: 'ERR_INVALID_ARG_TYPE' })
  })

  test('has getters and setters', () => {
    const { scaler } = parts()
    scaler.setGrowthFactor(4)
    scaler.setBackoffFactor(0.25)
    scaler.setGrowthInterval(7)
    assert.deepEqual([scaler.getGrowthFactor(), scaler.getBackoffFactor(), scaler.getGrowthInterval()], [4, 0.25, 7])
    assert.equal(scaler.isEnabled(), true)
    assert.throws(() => scaler.setGrowthInterval(0.5), { code: 'ERR_INVALID_ARG_TYPE' })
  })

  test('that is not enabled does nothing', () => {
    const { weight, optimizer, scaler } = parts({ enabled: false, growthFactor: 0 })
    const loss = weight.sum()
    assert.equal(scaler.scale(loss), loss)
    loss.backward()
    scaler.unscale_(optimizer)
    assert.equal(
      scaler.step(optimizer, () => 5),
      5,
    )
    scaler.update()
    assert.deepEqual(weight.tolist(), [0.5, 0.5, 0.5])
    assert.equal(scaler.getScale(), 1)
    assert.deepEqual(scaler.stateDict(), {})
    scaler.loadStateDict({})
    assert.equal(scaler.isEnabled(), false)
  })

  test('for CUDA without a GPU warns and is disabled', { skip: torch.cuda.isAvailable() }, async () => {
    const warnings: string[] = []
    const listen = (warning: Error) => warnings.push(warning.message)
    process.on('warning', listen)
    assert.equal(new amp.GradScaler().isEnabled(), false)
    await new Promise(resolve => setImmediate(resolve))
    process.off('warning', listen)
    assert.match(warnings[0]!, /GradScaler is enabled, but CUDA is not available/)
  })

  test('asks an optimizer with a step of its own', () => {
    let steps = 0
    class Counting extends torch.optim.SGD {
      override step(): undefined {
        steps++
        super.step()
      }
    }
    const { weight, scaler } = parts()
    const optimizer = new Counting([weight], { lr: 0.5 })
    for (const factor of [1, Number.POSITIVE_INFINITY]) {
      optimizer.zeroGrad()
      scaler.scale(weight.mul(factor).sum()).backward()
      scaler.step(optimizer)
      scaler.update()
    }
    assert.equal(steps, 1)
    assert.deepEqual(weight.tolist(), [0.5, 0.5, 0.5])
  })

  test('takes a new scale as a number or a tensor', () => {
    const { weight, scaler } = parts()
    scaler.scale(weight.sum())
    scaler.update(3)
    assert.equal(scaler.getScale(), 3)
    scaler.update(torch.tensor([0.5]))
    assert.equal(scaler.getScale(), 0.5)
    for (const wrong of [torch.ones([2]), torch.ones([1], { requiresGrad: true }), 'x' as never]) {
      assert.throws(() => scaler.update(wrong), { ...value, message: /new_scale should be a float/ })
    }
  })
})

describe('wrong use', () => {
  test('is refused in Python’s words', () => {
    const { weight, optimizer, scaler } = parts()
    assert.throws(() => scaler.step(optimizer), { ...value, message: /Attempted step but _scale is None/ })
    assert.throws(() => scaler.unscale_(optimizer), { ...value, message: /Attempted unscale_ but/ })
    assert.throws(() => scaler.update(), { ...value, message: /Attempted update but/ })
    scaler.scale(weight.sum())
    assert.throws(() => scaler.update(), { ...value, message: 'No inf checks were recorded prior to update.' })
    assert.throws(() => scaler.step(optimizer), {
      ...value,
      message: 'No inf checks were recorded for this optimizer.',
    })
    scaler.update(8)
    scaler.scale(weight.sum()).backward()
    scaler.unscale_(optimizer)
    assert.throws(() => scaler.unscale_(optimizer), { ...value, message: /already been called on this optimizer/ })
    scaler.step(optimizer)
    assert.throws(() => scaler.step(optimizer), { ...value, message: /step\(\) has already been called/ })
    assert.throws(() => scaler.unscale_(optimizer), { ...value, message: 'unscale_() is being called after step().' })
    assert.throws(() => scaler.step(optimizer, () => 1), { ...value, message: /Closure use is not/ })
    assert.deepEqual(weight.tolist(), [0.5, 0.5, 0.5])
  })

  test('of arguments', () => {
    const { scaler } = parts()
    assert.throws(() => new amp.GradScaler('cpu', { growthFactor: 1 }), { ...value, message: /must be > 1\.0/ })
    assert.throws(() => new amp.GradScaler('cpu', { backoffFactor: 1 }), { ...value, message: /must be < 1\.0/ })
    const type = { code: 'ERR_INVALID_ARG_TYPE' }
    assert.throws(() => new amp.GradScaler('meta' as never), type)
    assert.throws(() => new amp.GradScaler('cpu', { initScale: '8' as never }), type)
    assert.throws(() => new amp.GradScaler('cpu', { initscale: 8 } as never), { code: 'ERR_UNKNOWN_OPTION' })
    assert.throws(() => scaler.scale(5 as never), value)
    scaler.scale(torch.ones([1]))
    assert.throws(() => scaler.step({ step() {} } as never), type)
  })

  test('gradients of float16, and in a job no gradients, are refused', async () => {
    const half = torch.ones([2], { dtype: 'float16', requiresGrad: true })
    const optimizer = new torch.optim.SGD([half], { lr: 0.5 })
    const scaler = new amp.GradScaler('cpu')
    ;(scaler.scale(half.float().sum()) as Tensor).backward()
    assert.throws(() => scaler.step(optimizer), { ...value, message: 'Attempting to unscale FP16 gradients.' })
    for (const [message, clear] of [
      ['Attempting to unscale FP16 gradients.', false],
      ['No inf checks were recorded for this optimizer.', true],
    ] as const) {
      if (clear) optimizer.zeroGrad()
      const job = new Job()
      job.run(() => new amp.GradScaler('cpu').scale(half))
      const fresh = new amp.GradScaler('cpu')
      job.run(() => {
        fresh.scale(half)
        fresh.step(optimizer)
      })
      await assert.rejects(job.settled(), { ...value, message })
      assert.deepEqual(half.tolist(), [1, 1])
    }
  })
})
