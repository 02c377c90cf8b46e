import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as torch from '../src'

const { nn } = torch

/** Of the largest output: what a fused prediction may be from float64 eager. */
const TOLERANCE = 2e-6

type AnyModule = torch.nn.Module & { forward(x: torch.Tensor): torch.Tensor }
type Draw = (low: number, high: number) => number

function random(seed: number): Draw {
  let state = seed
  return (low, high) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return low + Math.floor((state / 2 ** 32) * (high - low + 1))
  }
}

/** Gives a model in eval mode whose batch norms have statistics that are not their first ones. */
function settled(layers: torch.nn.Module[], shape: number[]): AnyModule {
  const model = new nn.Sequential(...layers) as unknown as AnyModule
  torch.noGrad(() => void model.forward(torch.randn([8, ...shape])))
  return model.eval()
}

const largest = (x: torch.Tensor) => Math.max(1, x.abs().max().item() as number)

/** The fused outputs for each number of images, which must be those of float64 eager. */
function assertExact(model: AnyModule, shape: number[], counts: number[]): void {
  torch.noGrad(() => {
    const inputs = counts.map(count => torch.randn([count, ...shape]))
    const compiled = torch.compile(model)
    const got = inputs.map(x => compiled.forward(x))
    assert.doesNotMatch(torch.explain(compiled), /eager/)
    model.double()
    inputs.forEach((x, i) => {
      const expected = model.forward(x.double())
      assert.deepEqual(got[i]!.shape, expected.shape)
      const apart = expected.sub(got[i]!.double()).abs().max().item() as number
      assert.ok(apart <= TOLERANCE * largest(expected), `${model} of [${x.shape.join(', ')}]: ${apart} apart`)
    })
    model.float()
  })
}

/** A convolution of any kernel, stride, padding and dilation that leaves something of a `size` of 17 or more. */
function anyConv(draw: Draw, from: number, to: number): torch.nn.Module {
  const kernel = [draw(1, 5), draw(1, 5)] as const
  const dilation = draw(0, 3) === 0 ? ([draw(1, 3), draw(1, 3)] as const) : ([1, 1] as const)
  const reach = (i: 0 | 1) => dilation[i] * (kernel[i] - 1)
  return new nn.Conv2d(from, to, {
    kernelSize: [...kernel],
    stride: draw(0, 1) === 0 ? [1, 1] : [draw(1, 3), draw(1, 3)],
    padding: [draw(0, reach(0)), draw(0, reach(1))],
    dilation: [...dilation],
    bias: draw(0, 2) > 0,
  }) as unknown as torch.nn.Module
}

const POOLS: ((draw: Draw) => torch.nn.Module[])[] = [
  () => [],
  () => [new nn.MaxPool2d(2)],
  () => [new nn.MaxPool2d(3, 2, 1)],
  draw => [new nn.MaxPool2d([draw(1, 3), draw(1, 3)], { stride: [draw(1, 4), draw(1, 4)] })],
  draw => [new nn.MaxPool2d(2, draw(1, 3), 1)],
  draw => [new AveragePool(draw)],
]

class AveragePool extends nn.Module {
  readonly #arguments: [number[], number[], number[], boolean, boolean]

  constructor(draw: Draw) {
    super()
    const kernel = [draw(1, 4), draw(1, 4)]
    const padding = kernel.map(size => draw(0, Math.floor(size / 2)))
    this.#arguments = [kernel, [draw(1, 3), draw(1, 3)], padding, false, draw(0, 1) === 0]
  }

  forward(x: torch.Tensor): torch.Tensor {
    return x.avgPool2d(...(this.#arguments as unknown as [[number, number]]))
  }
}

const ACTIVATIONS = [() => [], () => [new nn.ReLU()], () => [new nn.Tanh()], () => [new nn.Sigmoid()]]

describe('compile for few images', () => {
  it('gives the outputs of any two blocks', () => {
    for (let seed = 1; seed <= 120; seed++) {
      const draw = random(seed)
      torch.manualSeed(seed)
      const [channels, middle, last] = [draw(1, 5), draw(1, 9), draw(1, 18)]
      const shape = [channels, draw(24, 45), draw(24, 70)]
      const layers: torch.nn.Module[] = [anyConv(draw, channels, middle)]
      if (draw(0, 1) === 0) layers.push(new nn.BatchNorm2d(middle))
      layers.push(...ACTIVATIONS[draw(0, 3)]!(), ...POOLS[draw(0, 5)]!(draw))
      if (draw(0, 2) > 0) layers.push(new nn.Conv2d(middle, last, 3, { padding: 1 }), ...ACTIVATIONS[draw(0, 3)]!())
      if (draw(0, 2) > 0) layers.push(...POOLS[draw(0, 5)]!(draw))
      const model = settled(layers, shape)
      if (draw(0, 3) > 0) {
        const features = torch.noGrad(() => model.forward(torch.zeros([1, ...shape]))).numel()
        layers.push(new nn.Flatten(), new nn.Linear(features, draw(1, 40)), ...ACTIVATIONS[draw(0, 3)]!())
      }
      assertExact(new nn.Sequential(...layers).eval() as unknown as AnyModule, shape, [1, draw(2, 7)])
    }
  })
})
