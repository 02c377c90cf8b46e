import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as torch from '../src/index'
import { assertTensor, isExact, readFixture, type TensorFixture, tensorOf } from './reference/tensors'

type Tensor = torch.Tensor

interface GradientCase {
  name: string
  inputs: TensorFixture[]
  value: TensorFixture
  grads: TensorFixture[]
  accumulated: TensorFixture[]
  second?: (TensorFixture | null)[]
}

const fixture = readFixture<{ cases: GradientCase[] }>('autograd')
const exact = isExact(fixture)

function inPlace(x: Tensor, y: Tensor): Tensor {
  const z = x.mul(2)
  z.at(0).mul_(3)
  z.relu_()
  return z.mul(y).sum()
}

function network(x: Tensor, w: Tensor, b: Tensor, gamma: Tensor, beta: Tensor, linear: Tensor): Tensor {
  const conv = torch.conv2d(x, w, b, { padding: 1 })
  const normal = torch.ops.aten.batch_norm!.default(conv, gamma, beta, null, null, true, 0.1, 1e-5, false)
  const pooled = torch.maxPool2d(normal.relu(), [2, 2]).reshape([2, -1])
  return torch.crossEntropyLoss(pooled.matmul(linear), torch.tensor([1n, 0n]))
}

/** The expressions of the Python script. */
const EXPRESSIONS: Record<string, (...inputs: Tensor[]) => Tensor> = {
  'a cubic': x => x!.pow(3).sum(),
  broadcasting: (x, y) => x!.mul(y!).add(y!).mean(),
  'matmul and relu': (x, w) => x!.matmul(w!).relu().sum(),
  'exp, sin and log': x => x!.exp().mul(x!.sin()).add(x!.abs().add(1).log()).sum(),
  'softmax attention': (q, k, v) => q!.matmul(k!.t()).div(2).softmax(1).matmul(v!).pow(2).mean(),
  'cat, select and transpose': (x, y) =>
    torch
      .cat([x!, y!], 1)
      .at(1)
      .mul(torch.stack([x!, x!]).permute([2, 0, 1]).at(0).sum())
      .sum(),
  'maximum along a dimension': x => torch.ops.aten.max.dim!(x, 1)[0].prod(),
  'in-place operators': (x, y) => inPlace(x!, y!),
  'an index twice': x =>
    x!
      .at(torch.tensor([0n, 0n, 2n]))
      .mul(torch.tensor([1, 2, 3]).unsqueeze(1))
      .sum(),
  'a small network': (x, w, b, gamma, beta, linear) => network(x!, w!, b!, gamma!, beta!, linear!),
}

const leavesOf = (inputs: readonly TensorFixture[]) => inputs.map(input => tensorOf(input).clone().requiresGrad_())

describe("gradients are Python's", () => {
  torch.setNumThreads(fixture.threads)
  for (const { name, inputs, value, grads, accumulated, second } of fixture.cases) {
    const expression = EXPRESSIONS[name]!
    test(name, () => {
      const leaves = leavesOf(inputs)
      const loss = expression(...leaves)
      assertTensor(loss.detach(), value, 'value', exact)
      loss.backward()
      leaves.forEach((leaf, i) => {
        assertTensor(leaf.grad, grads[i]!, `grad of input ${i}`, exact)
      })
      expression(...leaves).backward()
      leaves.forEach((leaf, i) => {
        assertTensor(leaf.grad, accumulated[i]!, `accumulated grad of input ${i}`, exact)
      })
    })
    if (second === undefined) continue
    test(`${name}: twice, by createGraph`, () => {
      const leaves = leavesOf(inputs)
      const first = torch.autograd.grad([expression(...leaves)], leaves, { createGraph: true })
      const norms = first.map(gradient => gradient.mul(gradient).sum())
      const penalty = norms.slice(1).reduce((sum, norm) => sum.add(norm), norms[0]!.add(0))
      const gradients = torch.autograd.grad(penalty, leaves, { allowUnused: true })
      gradients.forEach((gradient, i) => {
        const expected = second[i]
        if (expected === null || expected === undefined) assert.equal(gradient, null, `input ${i} is not used`)
        else assertTensor(gradient, expected, `second gradient of input ${i}`, exact)
      })
      assert.ok(
        leaves.every(leaf => leaf.grad === null),
        'grad() touches no .grad',
      )
    })
  }
})

describe('backward', () => {
  test('a leaf, its result, and what autograd says of them', () => {
    const x = torch.tensor([1, 2], { requiresGrad: true })
    assert.deepEqual([x.requiresGrad, x.isLeaf, x.gradFn, x.grad], [true, true, null, null])
    const y = x.mul(3)
    assert.deepEqual([y.requiresGrad, y.isLeaf, y.gradFn?.name], [true, false, 'MulBackward0'])
    const z = y.detach()
    assert.deepEqual([z.requiresGrad, z.isLeaf, z.gradFn], [false, true, null])
  })

  test('takes a gradient for what has more than one element, and says so where it lacks', () => {
    const x = torch.tensor([1, 2], { requiresGrad: true })
    x.mul(3).backward(torch.tensor([1, 10]))
    assert.deepEqual(x.grad!.tolist(), [3, 30])
    assert.throws(() => x.mul(3).backward(), { code: 'ERR_LIBTORCH', message: /only for scalar outputs|scalar/ })
    assert.throws(() => x.mul(3).backward(torch.ones([3])), {
      code: 'ERR_LIBTORCH',
      message: /invalid gradient at index 0/,
    })
    assert.throws(() => x.mul(3).backward(1 as never), { code: 'ERR_INVALID_ARG_TYPE', message: /gradient/ })
    assert.throws(() => x.sum().backward({ retainGrap: true } as object), {
      code: 'ERR_UNKNOWN_OPTION',
      message: /did you mean 'retainGraph'\?/,
    })
  })

  test('frees the graph unless it is to be retained', () => {
    const x = torch.tensor([2], { requiresGrad: true })
    const y = x.pow(2).sum()
    y.backward({ retainGraph: true })
    y.backward()
    assert.deepEqual(x.grad!.tolist(), [8])
    assert.throws(() => y.backward(), { code: 'ERR_LIBTORCH', message: /backward through the graph a second time/ })
  })

  test('of a tensor without a graph is an error', () => {
    assert.throws(() => torch.tensor(1).backward(), { code: 'ERR_LIBTORCH', message: /does not require grad/ })
  })

  test('inputs: only those get a grad', () => {
    const x = torch.tensor([1, 2], { requiresGrad: true })
    const y = torch.tensor([3, 4], { requiresGrad: true })
    x.mul(y)
      .sum()
      .backward({ inputs: [x] })
    assert.deepEqual([x.grad!.tolist(), y.grad], [[3, 4], null])
  })

  test('retainGrad keeps the grad of what is no leaf', () => {
    const x = torch.tensor([1, 2], { requiresGrad: true })
    const y = x.mul(2)
    y.retainGrad()
    y.pow(2).sum().backward()
    assert.deepEqual(y.grad!.tolist(), [4, 8])
  })

  test('grad is set, cleared, and checked', () => {
    const x = torch.tensor([1, 2], { requiresGrad: true })
    x.grad = torch.tensor([5, 6])
    x.sum().backward()
    assert.deepEqual(x.grad.tolist(), [6, 7])
    x.grad = null
    assert.equal(x.grad, null)
    assert.throws(() => {
      x.grad = torch.ones([3])
    }, /ERR|shape|size/i)
    assert.throws(
      () => {
        x.grad = 3 as never
      },
      { code: 'ERR_INVALID_ARG_TYPE' },
    )
  })

  test('several roots at once: torch.autograd.backward', () => {
    const x = torch.tensor([1, 2], { requiresGrad: true })
    torch.autograd.backward([x.sum(), x.mul(2)], { gradTensors: [null, torch.tensor([1, 10])] })
    assert.deepEqual(x.grad!.tolist(), [3, 21])
  })

  test('a leaf that requires grad is not written in place; requiresGrad_ is for floating leaves', () => {
    const x = torch.tensor([1, 2], { requiresGrad: true })
    assert.throws(() => x.add_(1), { code: 'ERR_LIBTORCH', message: /leaf Variable that requires grad/ })
    assert.throws(() => torch.tensor([1n]).requiresGrad_(), { code: 'ERR_LIBTORCH', message: /floating point/ })
    assert.throws(() => x.mul(2).requiresGrad_(false), { code: 'ERR_LIBTORCH', message: /leaf/ })
    assert.throws(() => torch.tensor([1], { requiresGrad: 1 as never }), { code: 'ERR_INVALID_ARG_TYPE' })
    assert.equal(x.requiresGrad_(false).requiresGrad, false)
  })
})

describe('torch.autograd.grad', () => {
  test('one tensor or arrays, gradOutputs, allowUnused', () => {
    const x = torch.tensor([3], { requiresGrad: true })
    const unused = torch.tensor([1], { requiresGrad: true })
    assert.deepEqual(torch.autograd.grad(x.pow(2), x)[0]!.tolist(), [6])
    assert.deepEqual(torch.autograd.grad([x.mul(2)], [x], [torch.tensor([10])])[0]!.tolist(), [20])
    assert.throws(() => torch.autograd.grad([x.pow(2)], [x, unused]), {
      code: 'ERR_LIBTORCH',
      message: /not have been used in the graph/,
    })
    const [dx, none] = torch.autograd.grad([x.pow(2)], [x, unused], { allowUnused: true })
    assert.deepEqual([dx!.tolist(), none], [[6], null])
    assert.throws(() => torch.autograd.grad([x.pow(2)], 'x' as never), { code: 'ERR_INVALID_ARG_TYPE' })
    assert.throws(() => torch.autograd.grad([x.pow(2)], [x], { creatGraph: true } as object), {
      code: 'ERR_UNKNOWN_OPTION',
      message: /createGraph/,
    })
  })

  test('the third derivative of x^4', () => {
    const x = torch.tensor([2], { requiresGrad: true })
    let y: Tensor = x.pow(4)
    const derivatives: unknown[] = []
    for (let i = 0; i < 3; i++) {
      y = torch.autograd.grad(y, x, { createGraph: true })[0]!
      derivatives.push(y.item())
    }
    assert.deepEqual(derivatives, [32, 48, 48])
  })
})
