import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Tensor } from '../src'
import * as torch from '../src'
import { Job } from '../src/core/job'
import { handlesLeft } from './reference/handles'
import { callOf, operatorCases } from './reference/operators'

type Results = { shape: readonly number[]; dtype: string; device: string }[]

/** The tensors in a result, in order. */
function tensorsIn(value: unknown): Tensor[] {
  return Array.isArray(value) ? value.flatMap(tensorsIn) : torch.isTensor(value) ? [value] : []
}

const outlines = (value: unknown): Results =>
  tensorsIn(value).map(({ shape, dtype, device }) => ({ shape, dtype, device }))

const bits = (value: unknown) =>
  tensorsIn(value).map(tensor => {
    const dense = tensor.layout === 'strided' ? tensor : (torch.ops.aten.to_dense!.default(tensor) as Tensor)
    return [tensor.shape, tensor.dtype, Buffer.from(dense.bytes()).toString('base64')]
  })

/** A tensor with the same elements at the same places that a task is still to make. */
function toCome(tensor: Tensor): Tensor {
  return torch.ops.aten.clone!.default(tensor, { memory_format: 'preserve_format' }) as Tensor
}

test('a queued operator gives what it gives at once, and tells the sizes before', async t => {
  const { cases } = operatorCases()
  let queued = 0
  const atOnce: string[] = []
  for (const { seed, shapeOnly, ...operatorCase } of cases) {
    const name = `${operatorCase.operator}.${operatorCase.overload}`
    const direct = callOf(operatorCase)
    if (seed !== undefined) torch.manualSeed(seed)
    const expected = direct.call()
    for (const change of [undefined, toCome]) {
      const job = new Job()
      if (seed !== undefined) torch.manualSeed(seed)
      const { result, values, told, tasks } = job.run(() => {
        const { call, values } = callOf(operatorCase, change)
        const before = job.mark
        const result = call()
        return { result, values, told: outlines([result, values]), tasks: job.mark - before }
      })
      await job.settled()
      if (tasks > 0) queued++
      else if (change === undefined) atOnce.push(name)
      assert.deepEqual(told, outlines([result, values]), `${name}: sizes and dtypes as told`)
      if (shapeOnly) continue
      assert.deepEqual(bits(result), bits(expected), name)
      assert.deepEqual(bits(values), bits(direct.values), `${name}: its arguments afterwards`)
    }
  }
  assert.ok(queued > cases.length, `${queued} of ${2 * cases.length} calls were queued`)
  t.diagnostic(`${queued} of ${2 * cases.length} calls queued; run at once: ${[...new Set(atOnce)].join(', ')}`)
})

test('values wait for what was queued, sizes do not', async () => {
  const job = new Job()
  const x = torch.rand([3000, 1000])
  const product = job.run(() => x.matmul(x.t()).relu().sum(1))
  assert.deepEqual(
    [product.shape, product.dtype, product.device, product.ndim, product.numel()],
    [[3000], 'float32', 'cpu', 1, 3000],
  )
  assert.equal(product.at(0).item(), x.matmul(x.t()).relu().sum(1).at(0).item())
  await job.settled()
})

test('the pieces of split, chunk and unbind are queued too', async () => {
  const job = new Job()
  const x = torch.arange(12).reshape([4, 3]).float()
  const [pieces, rows, tasks] = job.run(() => {
    x.neg()
    const from = job.mark
    const made = [x.mul(2).split(3), x.mul(3).unbind(0)] as [Tensor[], Tensor[]]
    return [...made, job.mark - from] as const
  })
  assert.equal(tasks, 4)
  assert.deepEqual(
    [pieces.map(piece => piece.shape), rows.length],
    [
      [
        [3, 3],
        [1, 3],
      ],
      4,
    ],
  )
  assert.deepEqual([pieces[1]!.tolist(), rows[1]!.tolist()], [[[18, 20, 22]], [9, 12, 15]])
  await job.settled()
})

test('operators in place, views and optimizers keep their order', async () => {
  const job = new Job()
  const x = torch.ones([4])
  const y = job.run(() => {
    const view = x.narrow(0, 0, 2)
    view.add_(1)
    x.mul_(3)
    const copy = view.clone()
    view.zero_()
    return copy
  })
  assert.deepEqual(y.tolist(), [6, 6])
  assert.deepEqual(x.tolist(), [0, 0, 3, 3])
  job.run(() => x.resize_([2, 2]))
  assert.deepEqual(x.shape, [2, 2])
  await job.settled()
})

test('what a job uses, other code waits for', async () => {
  const job = new Job()
  const weight = torch.rand([600, 600])
  const expected = weight.clone()
  for (let i = 0; i < 20; i++) expected.add_(expected.matmul(expected).mul(1e-6))
  job.run(() => {
    for (let i = 0; i < 20; i++) weight.add_(weight.matmul(weight).mul(1e-6))
  })
  assert.ok(torch.equal(weight, expected))
  await job.settled()
})

test('gradients are waited for, whoever holds them', async () => {
  const w = torch.rand([300, 300], { requiresGrad: true })
  w.matmul(w).sum().backward()
  const gradient = w.grad!
  const once = gradient.clone()
  const job = new Job()
  job.run(() => w.matmul(w).sum().backward())
  assert.ok(torch.allclose(gradient, once.mul(2)), 'a handle of the gradient that backward adds to')
  await job.settled()
  job.run(() => w.matmul(w).sum().backward())
  assert.ok(torch.allclose(w.grad!, once.mul(3)))
  await job.settled()
})

test('modes of autograd are those of the call', async () => {
  const job = new Job()
  const w = torch.ones([2], { requiresGrad: true })
  const [recorded, not, inference] = job.run(() => [
    w.mul(2),
    torch.noGrad(() => w.mul(2)),
    torch.inferenceMode(() => w.mul(2)),
  ])
  assert.deepEqual([recorded!.requiresGrad, not!.requiresGrad, inference!.requiresGrad], [true, false, false])
  await job.settled()
})

function lookUp(table: Tensor, index: Tensor): Tensor {
  return table.indexSelect(0, index)
}

test('the error of a queued operator has the stack of the call that queued it', async () => {
  const job = new Job()
  const table = torch.rand([4, 2])
  const after = job.run(() => {
    const row = lookUp(table, torch.tensor([9n]))
    return row.mul(2)
  })
  assert.deepEqual(after.shape, [1, 2])
  await assert.rejects(job.settled(), (error: torch.TorchError) => {
    assert.equal(error.code, 'ERR_LIBTORCH')
    assert.match(error.message, /^aten::index_select: .*out of range/)
    assert.equal(error.operator, 'aten::index_select')
    assert.match(error.stack!, /^LibtorchError: aten::index_select: .*\n\s+at lookUp \(.*queue\.test\.ts/)
    return true
  })
  assert.throws(() => after.item(), { code: 'ERR_LIBTORCH', message: /^aten::index_select/ })
})

test('after a failure the other tasks of the job are skipped, those of other jobs are not', async () => {
  const [wrong, right] = [new Job(), new Job()]
  const x = torch.zeros([2])
  const y = torch.zeros([2])
  wrong.run(() => {
    lookUp(torch.rand([4, 2]), torch.tensor([9n]))
    x.add_(1)
  })
  right.run(() => y.add_(1))
  await assert.rejects(wrong.settled(), { code: 'ERR_LIBTORCH' })
  await right.settled()
  assert.deepEqual(
    [x.tolist(), y.tolist()],
    [
      [0, 0],
      [1, 1],
    ],
  )
})

test("a wrong call is refused at once, with libtorch's own words", async () => {
  const job = new Job()
  const wrong = () => torch.ones([2, 3]).matmul(torch.ones([2, 3]) as Tensor)
  let direct: Error | undefined
  try {
    wrong()
  } catch (error) {
    direct = error as Error
  }
  assert.throws(() => job.run(wrong), { code: 'ERR_LIBTORCH', message: direct!.message })
  assert.throws(() => job.run(() => new torch.nn.Linear(4, 2).forward(torch.ones([2, 3]) as never)), {
    code: 'ERR_LIBTORCH',
    message: /^Linear\(in_features=4/,
  })
  assert.throws(() => job.run(() => torch.ones([2]).add('x' as never)), { code: 'ERR_INVALID_ARG_TYPE' })
  const gone = torch.ones([2])
  gone.dispose()
  assert.throws(() => job.run(() => gone.add(1)), { code: 'ERR_DISPOSED' })
  await job.settled()
})

test('queued tensors are freed by tidy, dispose and the collector', async () => {
  const job = new Job()
  const left = await handlesLeft(async () => {
    for (let i = 0; i < 10; i++) {
      job.run(() =>
        torch.tidy(() => {
          let x = torch.rand([100])
          for (let k = 0; k < 10; k++) x = x.mul(2).relu()
          return undefined
        }),
      )
    }
    await job.settled()
  })
  assert.equal(left, 0)
  const before = torch.memory.stats().tensors
  job.run(() => {
    for (let k = 0; k < 5000; k++) torch.rand([100]).relu()
  })
  await job.settled()
  torch.memory.collect()
  assert.ok(torch.memory.stats().tensors < before + 1000)
})

test('the event loop is free while the queue works', async () => {
  const job = new Job()
  const x = torch.rand([1500, 1500])
  const times: number[] = []
  const timer = setInterval(() => times.push(performance.now()), 5)
  const start = performance.now()
  job.run(() => {
    let y: Tensor = x
    for (let i = 0; i < 20; i++) y = y.matmul(x)
  })
  const held = performance.now() - start
  await job.settled()
  const total = performance.now() - start
  clearInterval(timer)
  assert.ok(held < total / 3, `queueing took ${held} of ${total} ms`)
  assert.ok(times.length >= 3, `${times.length} turns of the timer in ${total} ms`)
})
