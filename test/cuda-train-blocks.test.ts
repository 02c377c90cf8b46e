import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as torch from '../src'
import { cuda, type Tensor } from '../src'
import { graph, type Stage } from '../src/compile/binding'
import { blank, finish, slotOf } from '../src/core/handle'
import { assertNear } from './reference/chains'

/** One body per device; `cuda-stand-in.test.ts` runs this file with a GPU, and its kernels, that are made of the CPU. */
const gpu = cuda.isAvailable() && graph.cudaFusedMissing() === null ? {} : { skip: 'needs a GPU and fused kernels' }

interface Block {
  x: Tensor
  weight: Tensor
  bias: Tensor | null
  gamma: Tensor | null
  beta: Tensor | null
  mean: Tensor
  variance: Tensor
  batches: Tensor
  padding: readonly [number, number]
}

/** The kernels' output. */
function fused({ x, weight, bias, gamma, beta, mean, variance, batches, padding }: Block): Tensor {
  const slot = (tensor: Tensor | null) => (tensor === null ? null : slotOf(tensor))
  const steps = { stride: [1, 1], dilation: [1, 1] }
  const conv = { kind: 'conv', name: 'conv', place: 0, weight: slot(weight), bias: slot(bias), padding, ...steps }
  const norm = {
    ...{ kind: 'norm', name: 'norm', place: 1, eps: 1e-5, momentum: 0.3, weight: slot(gamma), bias: slot(beta) },
    ...{ runningMean: slot(mean), runningVar: slot(variance), batches: slot(batches) },
  }
  assert.ok(graph.graphCudaTrains(conv as Stage, norm as Stage))
  const result = blank() as Tensor
  return finish(result, graph.graphCudaTrainBlock(conv as Stage, norm as Stage, slotOf(x), result))
}

/** The same by operators. */
function eager({ x, weight, bias, gamma, beta, mean, variance, batches, padding }: Block): Tensor {
  batches.add_(1)
  const z = torch.ops.aten.conv2d!.default(x, weight, bias, [1, 1], padding) as Tensor
  const y = torch.ops.aten.batch_norm!.default(z, gamma, beta, mean, variance, true, 0.3, 1e-5, false) as Tensor
  return torch.ops.aten.max_pool2d!.default(y.relu(), [2, 2]) as Tensor
}

/** A block's tensors, or those of another one elsewhere. */
function moved(block: Block, to: (tensor: Tensor) => Tensor): Block {
  const all = Object.entries(block).map(([key, value]) => {
    if (!torch.isTensor(value)) return [key, value]
    const tensor = to(value.detach()).clone() as Tensor
    if (value.requiresGrad) tensor.requiresGrad_()
    return [key, tensor]
  })
  return Object.fromEntries(all) as Block
}

interface Sizes {
  images: number
  channels: number
  height: number
  width: number
  out: number
  kernel: number
  padding: readonly [number, number]
  bias: boolean
  affine: boolean
}

function blockOf({ images, channels, height, width, out, kernel, padding, bias, affine }: Sizes): Block {
  const wanted = (tensor: Tensor) => tensor.requiresGrad_() as Tensor
  const row = () => wanted(torch.randn([out]))
  return {
    x: wanted(torch.randn([images, channels, height, width])),
    weight: wanted(torch.randn([out, channels, kernel, kernel])),
    bias: bias ? row() : null,
    gamma: affine ? row() : null,
    beta: affine ? row() : null,
    mean: torch.randn([out]),
    variance: torch.rand([out]).add(0.5),
    batches: torch.tensor(4, { dtype: 'int64' }) as unknown as Tensor,
    padding,
  }
}

/** Compares outputs, statistics and gradients with those in float64 on the CPU. */
function agrees(block: Block, what: string): void {
  const [here, exact] = [
    moved(block, t => t.cuda()),
    moved(block, t => (t.dtype === 'float32' ? t.double() : t) as Tensor),
  ]
  const [got, expected] = [fused(here), eager(exact)]
  assertNear(got, expected, `${what}: outputs`)
  const above = torch.randn(expected.shape as number[])
  got.backward(above.cuda() as never)
  expected.backward(above.double() as never)
  for (const key of ['mean', 'variance', 'batches'] as const) assertNear(here[key], exact[key], `${what}: ${key}`)
  for (const key of ['x', 'weight', 'gamma', 'beta', 'bias'] as const) {
    if (block[key] === null) continue
    if (!block[key].requiresGrad) assert.equal(here[key]!.grad, null, `${what}: gradient of ${key}`)
    else assertNear(here[key]!.grad!, exact[key]!.grad!, `${what}: gradient of ${key}`, 5e-4)
  }
}

describe('kernels that train a block agree with float64', () => {
  const plain = { images: 3, channels: 2, height: 9, width: 8, out: 5, bias: true, affine: true }
  for (const kernel of [1, 2, 3, 5]) {
    for (const padding of [0, kernel - 1]) {
      test(`${kernel}x${kernel}, padding ${padding}`, gpu, () => {
        torch.manualSeed(kernel)
        agrees(blockOf({ ...plain, kernel, padding: [padding, padding] }), 'block')
      })
    }
  }

  test('random sizes', gpu, () => {
    let state = 7
    const below = (n: number) => {
      state = (state * 48271) % 2147483647
      return state % n
    }
    for (let round = 0; round < 40; round++) {
      torch.manualSeed(round)
      const kernel = [1, 2, 3, 5][below(4)]!
      const sizes = {
        ...{
          images: 1 + below(6),
          channels: 1 + below(5),
          height: kernel + 4 + below(9),
          width: kernel + 4 + below(9),
        },
        ...{ out: 1 + below(10), kernel, padding: [below(kernel), below(kernel)] as const },
        ...{ bias: below(2) === 0, affine: below(3) > 0 },
      }
      agrees(blockOf(sizes), JSON.stringify(sizes))
    }
  })

  test('more tiles than threads', gpu, () => {
    torch.manualSeed(9)
    agrees(
      blockOf({ ...plain, images: 9, height: 251, width: 251, channels: 1, out: 2, kernel: 1, padding: [0, 0] }),
      'block',
    )
  })

  test('values far from zero, as precisely', gpu, () => {
    torch.manualSeed(10)
    const block = blockOf({ ...plain, kernel: 3, padding: [0, 0] })
    torch.noGrad(() => {
      block.weight.abs_()
      block.x.add_(300)
    })
    const [here, exact] = [
      moved(block, t => t.cuda()),
      moved(block, t => (t.dtype === 'float32' ? t.double() : t) as Tensor),
    ]
    fused(here)
    eager(exact)
    assertNear(here.mean, exact.mean, 'means', 1e-6)
    // z itself is rounded to a thousandth of its deviation
    assertNear(here.variance, exact.variance, 'variances', 1e-3)
  })

  test('what is frozen has no gradient', gpu, () => {
    for (const keys of [['x'], ['weight'], ['x', 'weight'], ['gamma'], ['beta', 'bias']] as const) {
      torch.manualSeed(11)
      const block = blockOf({ ...plain, kernel: 2, padding: [1, 1] })
      for (const key of keys) block[key]!.requiresGrad_(false)
      agrees(block, keys.join())
    }
  })

  test('equal values give the gradient to the first of a window, NaN to the last, as in eager', gpu, () => {
    torch.manualSeed(12)
    const block = blockOf({ ...plain, kernel: 2, padding: [0, 0] })
    torch.noGrad(() => {
      block.x.fill_(1)
      block.x.narrow(3, 0, 4).fill_(0)
      block.beta!.fill_(0.5)
    })
    agrees(block, 'steps')
    block.x.detach().setAt(Number.NaN, 1, 0, 3, 3)
    const [here, there] = [moved(block, t => t.cuda()), moved(block, t => t.clone() as Tensor)]
    const kinds = (t: Tensor) => (t.detach().cpu().flatten().tolist() as number[]).map(Number.isNaN)
    const [got, expected] = [fused(here), eager(there)]
    assert.deepEqual(kinds(got), kinds(expected))
    got.sum().backward()
    expected.sum().backward()
    for (const key of ['x', 'weight', 'gamma', 'beta'] as const) {
      assert.deepEqual(kinds(here[key]!.grad!), kinds(there[key]!.grad!), key)
    }
    assertNear(here.beta!.grad!, there.beta!.grad!, 'sums of what NaN lets through')
  })

  test('what there are no kernels for is refused', gpu, () => {
    const block = moved(blockOf({ ...plain, kernel: 3, padding: [0, 0] }), t => t.cuda())
    const refused = (change: Partial<Block>, why: RegExp) => {
      const changed = { ...block, ...change }
      assert.throws(() => fused(changed), why)
    }
    refused({ x: block.x.double() as Tensor }, /contiguous float32 inputs/)
    refused({ x: block.x.transpose(2, 3) as Tensor }, /contiguous float32 inputs/)
    refused({ x: block.x.narrow(2, 0, 3).contiguous() as Tensor }, /smaller than a window/)
    refused({ weight: torch.randn([4, 2, 4, 4]).cuda() }, /false == true|falsy|truthy/)
  })
})
