import assert from 'node:assert/strict'
import { test } from 'node:test'
import { collectGarbage } from '../src/core/collector'
import * as torch from '../src/index'
import { nn, optim, type Tensor } from '../src/index'
import { nn as nnBinding } from '../src/nn/binding'
import { optim as optimBinding } from '../src/optim/binding'

const live = () => {
  collectGarbage()
  return { modules: nnBinding.modulesLive(), optimizers: optimBinding.optimizersLive() }
}

test('modules and optimizers that nobody holds are freed in a synchronous loop', () => {
  const before = live()
  const tensors = torch.memory.stats().tensors
  let most = 0
  for (let i = 0; i < 3000; i++) {
    const linear = new nn.Linear(2, 2)
    new optim.SGD(linear.parameters(), { lr: 0.1 })
    if (i % 100 === 99) most = Math.max(most, nnBinding.modulesLive())
  }
  const after = live()
  assert.ok(after.modules - before.modules < 10, `${after.modules} modules`)
  assert.ok(after.optimizers - before.optimizers < 10, `${after.optimizers} optimizers`)
  collectGarbage()
  assert.ok(torch.memory.stats().tensors - tensors < 50, `${torch.memory.stats().tensors} tensors`)
  // minor collections free them on the way, so nothing may hold them until a full one
  assert.ok(most < 1500, `${most} at once`)
})

test('a module in use stays, however many others are collected', () => {
  const kept = new nn.Sequential(new nn.Linear(4, 4), new nn.BatchNorm2d(1))
  const weight = kept.parameters()[0]!.tolist()
  const optimizer = new optim.Adam(kept.parameters())
  for (let i = 0; i < 500; i++) new nn.Linear(4, 4)
  collectGarbage()
  optimizer.step()
  assert.deepEqual(kept.parameters()[0]!.tolist(), weight)
})

test('parameters outlive their module, and a module the names of its parameters', () => {
  const weights: Tensor[] = []
  for (let i = 0; i < 100; i++) weights.push(new nn.Linear(3, 3).weight)
  collectGarbage()
  nnBinding.modulesLive() // releases
  for (const weight of weights) assert.ok(Number.isFinite(weight.sum().item()))
  const linear = new nn.Linear(3, 3)
  linear.weight.dispose()
  assert.throws(() => linear.weight.sum(), { code: 'ERR_DISPOSED' })
  assert.deepEqual(linear.forward(torch.ones([1, 3])).shape, [1, 3])
})

test('an id of another time names nothing', () => {
  const id = 123_456_789
  assert.throws(() => nnBinding.moduleTrain(id, true), { code: 'ERR_DISPOSED', message: 'the module is disposed' })
  assert.throws(() => optimBinding.optimizerStep(id), { code: 'ERR_DISPOSED', message: 'the optimizer is disposed' })
  assert.throws(() => nnBinding.moduleTrain({} as never, true), { code: 'ERR_INVALID_ARG_TYPE' })
  assert.throws(() => nnBinding.moduleCreate('Linear', {}, {}, 3 as never), { code: 'ERR_INVALID_ARG_TYPE' })
  assert.throws(() => nnBinding.moduleCreate('Lienar', {}, {}, {}), { code: 'ERR_INVALID_ARG_VALUE' })
  assert.throws(() => optimBinding.optimizerCreate('Adamm', {}, {}), { code: 'ERR_INVALID_ARG_VALUE' })
})

test('a tidy scope keeps what a module makes its own', () => {
  const norm = new nn.BatchNorm2d(2)
  torch.tidy(() => {
    norm.forward(torch.randn([2, 2, 2, 2]))
    norm.double()
    norm.running_var = torch.ones([2], { dtype: 'float64' })
  })
  norm.eval()
  const x = torch.randn([2, 2, 2, 2], { dtype: 'float64' })
  assert.equal(norm.forward(x).dtype, 'float64')
  assert.deepEqual(norm.running_var!.tolist(), [1, 1])
  assert.equal(norm.running_mean!.disposed, false)
})
