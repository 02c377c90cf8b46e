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

/** The fused outputs for each number of images, one among them, which must be those of float64 eager. */
function assertExact(model: AnyModule, shape: number[], counts: number[]): void {
  torch.noGrad(() => {
    const inputs = counts.map(count => torch.randn([count, ...shape]))
    const compiled = torch.compile(model)
    const got = inputs.map(x => compiled.forward(x))
    assert.match(torch.explain(compiled), /\[1, .*: fused, one by one/)
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

const chain = (...layers: torch.nn.Module[]) => new nn.Sequential(...layers) as unknown as AnyModule

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
      assertExact(chain(...layers).eval(), shape, [1, draw(2, 15)])
    }
  })

  it('gives the outputs of many channels at few places', () => {
    for (let seed = 1; seed <= 30; seed++) {
      const draw = random(1000 + seed)
      torch.manualSeed(seed)
      const shape = [draw(3, 40), draw(3, 9), draw(3, 9)]
      const [middle, last] = [draw(17, 150), draw(30, 140)]
      const layers: torch.nn.Module[] = [
        new nn.Conv2d(shape[0]!, middle, 3, { padding: 1, stride: draw(1, 2) }),
        new nn.BatchNorm2d(middle),
        new nn.ReLU(),
        draw(0, 1) === 0 ? new nn.Conv2d(middle, last, 1) : new nn.Conv2d(middle, last, 3, { padding: 1 }),
        ...POOLS[draw(0, 2)]!(draw),
        ...ACTIVATIONS[draw(0, 3)]!(),
      ]
      assertExact(settled(layers, shape), shape, [1, 5])
    }
  })

  it('gives the outputs of linear layers of any size for any number of images', () => {
    for (let seed = 1; seed <= 30; seed++) {
      const draw = random(2000 + seed)
      torch.manualSeed(seed)
      const sizes = [draw(1, 300), draw(1, 200), draw(1, 80), draw(1, 20)]
      const layers = [0, 1, 2].flatMap(i => [
        new nn.Linear(sizes[i]!, sizes[i + 1]!, { bias: draw(0, 2) > 0 }),
        ...ACTIVATIONS[draw(0, 3)]!(),
        new nn.Dropout(0.5),
        ...(draw(0, 3) === 0 ? [new nn.Sigmoid()] : []),
      ])
      assertExact(chain(...layers).eval(), [sizes[0]!], [1, draw(2, 15)])
    }
  })

  it('gives the outputs of chains that begin or end with anything', () => {
    const draw = random(7)
    const conv = () => new nn.Conv2d(3, 4, 3) as unknown as torch.nn.Module
    const average = () => new AveragePool(draw)
    for (const layers of [
      [new nn.ReLU(), conv()],
      [new nn.MaxPool2d(3, 2, 1), new nn.Tanh(), conv()],
      [average(), conv(), average(), new nn.Sigmoid()],
      [new nn.Dropout(0.5), conv(), new nn.Flatten(), new nn.Tanh()],
      [conv(), new nn.Flatten(), new nn.Linear(4 * 15 * 19, 3), new nn.Sigmoid()],
      [new nn.Tanh()],
      [new nn.MaxPool2d(15, 1)],
      [new nn.Flatten(), new nn.Linear(3 * 17 * 21, 33)],
    ]) {
      assertExact(chain(...layers).eval(), [3, 17, 21], [1, 3])
    }
  })

  it('keeps NaN and infinities where eager does', () => {
    const padded = { padding: 1 }
    for (const layers of [
      [new nn.Conv2d(1, 3, 2, padded), new nn.ReLU(), new nn.MaxPool2d(2)],
      [new nn.Conv2d(1, 3, 3, padded), new nn.MaxPool2d(3, 2, 1), new nn.Tanh()],
      [new nn.Conv2d(1, 40, 3, padded), new nn.ReLU()],
      [new nn.Conv2d(1, 2, 3, { stride: 2 }), new nn.Sigmoid(), new nn.Flatten(), new nn.Linear(98, 3)],
      [new nn.MaxPool2d(2)],
    ] as unknown as torch.nn.Module[][]) {
      const model = chain(...layers).eval()
      const compiled = torch.compile(model)
      torch.noGrad(() => {
        compiled.forward(torch.randn([1, 1, 15, 15])) // recorded with numbers
        for (const value of [NaN, Infinity, -Infinity]) {
          for (const [y, x] of [
            [0, 0],
            [7, 7],
            [7, 8],
            [8, 7],
            [8, 8],
            [14, 14],
          ] as const) {
            const image = torch.randn([1, 1, 15, 15])
            image.select(2, y).select(2, x).fill_(value)
            const [expected, got] = [model.forward(image), compiled.forward(image)]
            const what = `${model} with ${value} at ${y}, ${x}`
            assert.deepEqual(got.isnan().tolist(), expected.isnan().tolist(), what)
            assert.deepEqual(got.isinf().tolist(), expected.isinf().tolist(), what)
          }
        }
      })
    }
  })

  it('gives the same bits for any number of threads, and for an image alone or as a view', () => {
    torch.manualSeed(3)
    const wide = chain(
      new nn.Conv2d(3, 70, 3, { padding: 1 }),
      new nn.ReLU(),
      new nn.MaxPool2d(2),
      new nn.Conv2d(70, 90, 3),
      new nn.Flatten(),
      new nn.Linear(90 * 14 * 14, 200),
    ).eval()
    const compiled = torch.compile(wide)
    const x = torch.randn([6, 3, 32, 32])
    const threads = torch.getNumThreads()
    const outputs = (rows: torch.Tensor) => torch.noGrad(() => compiled.forward(rows).tolist())
    try {
      torch.setNumThreads(1)
      const [one, all] = [outputs(x.narrow(0, 5, 1)), outputs(x)]
      for (const count of [2, 3]) {
        torch.setNumThreads(count)
        assert.deepEqual(outputs(x.narrow(0, 5, 1)), one)
        assert.deepEqual(outputs(x), all)
      }
      assert.deepEqual(outputs(x.transpose(2, 3).contiguous().transpose(2, 3)), all)
    } finally {
      torch.setNumThreads(threads)
    }
    assert.match(torch.explain(compiled), /fused, one by one/)
  })

  it('sees parameters that change between calls, for few images and for many', () => {
    torch.manualSeed(4)
    const conv = new nn.Conv2d(1, 3, 3)
    const norm = new nn.BatchNorm2d(3)
    const linear = new nn.Linear(147, 5)
    const model = chain(conv, norm, new nn.ReLU(), new nn.Flatten(), linear).eval()
    const compiled = torch.compile(model)
    const inputs = [1, 40].map(count => torch.randn([count, 1, 9, 9]))
    const same = (what: string) => {
      for (const x of inputs) {
        const apart = torch.noGrad(() => model.forward(x).sub(compiled.forward(x)).abs().max().item()) as number
        assert.ok(apart < 1e-5, `${what}: ${apart}`)
      }
    }
    same('as it was')
    torch.noGrad(() => void linear.weight.mul_(2))
    same('a value')
    norm.running_var = torch.rand([3]).add(0.5)
    same('a buffer')
    linear.bias = null as never
    same('no bias')
    linear.bias = new nn.Parameter(torch.randn([5])) as typeof linear.bias
    same('a bias')
    norm.train()
    norm.eval()
    same('modes there and back')
  })
})
