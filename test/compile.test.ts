import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as torch from '../src'

const { nn } = torch

/** What a fused output may differ from eager's by, of the largest output. */
const TOLERANCE = 1e-5

function random(seed: number): (low: number, high: number) => number {
  let state = seed
  return (low, high) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return low + Math.floor((state / 2 ** 32) * (high - low + 1))
  }
}

type AnyModule = torch.nn.Module & { forward(x: torch.Tensor): torch.Tensor }

/** Moves the statistics of batch norms away from their first values. */
function warmUp(model: AnyModule, shape: number[]): void {
  torch.noGrad(() => void model.forward(torch.randn(shape)))
  model.eval()
}

function compare(model: AnyModule, x: torch.Tensor, fused = true): void {
  const compiled = torch.compile(model)
  torch.noGrad(() => {
    const expected = model.forward(x)
    for (let call = 0; call < 2; call++) {
      const got = compiled.forward(x)
      assert.deepEqual(got.shape, expected.shape)
      assert.equal(got.dtype, expected.dtype)
      const size = Math.max(1, expected.abs().max().item() as number)
      const apart = expected.sub(got).abs().max().item() as number
      assert.ok(apart <= TOLERANCE * size, `${model}: ${apart} apart`)
    }
  })
  assert.equal(/: fused/.test(torch.explain(compiled)), fused, torch.explain(compiled))
}

describe('compile in eval mode', () => {
  it("gives the article's network's outputs for any number of images", () => {
    torch.manualSeed(0)
    const net = new torch.Net() as unknown as AnyModule
    warmUp(net, [32, 1, 28, 28])
    for (const count of [1, 2, 7, 8, 15, 16, 17, 33]) compare(net, torch.randn([count, 1, 28, 28]))
  })

  it('gives the outputs of blocks of any size', () => {
    for (let seed = 1; seed <= 40; seed++) {
      const draw = random(seed)
      torch.manualSeed(seed)
      const [channels, outputs, kernelH, kernelW] = [draw(1, 6), draw(1, 9), draw(1, 7), draw(1, 6)]
      const [dilationH, dilationW] = seed % 4 === 0 ? [draw(1, 2), draw(1, 2)] : [1, 1]
      const padding: [number, number] = [draw(0, (kernelH - 1) * dilationH), draw(0, (kernelW - 1) * dilationW)]
      const layers: torch.nn.Module[] = [
        new nn.Conv2d(channels, outputs, [kernelH, kernelW], {
          stride: [draw(1, 2), draw(1, 3)],
          padding,
          dilation: [dilationH, dilationW],
          bias: seed % 3 !== 0,
        }),
      ]
      if (seed % 2 === 0) layers.push(new nn.BatchNorm2d(outputs))
      if (seed % 5 !== 0) layers.push(new nn.ReLU({ inplace: seed % 2 === 0 }))
      if (seed % 3 === 0) layers.push(new nn.MaxPool2d(2, draw(1, 2), 1))
      if (seed % 3 === 1) layers.push(new nn.MaxPool2d([draw(1, 3), draw(1, 3)]))
      layers.push(new nn.Flatten(), new nn.Dropout(0.5), new nn.Identity(), new nn.ReLU())
      const model = new nn.Sequential(...layers) as unknown as AnyModule
      const shape = [draw(1, 20), channels, draw(19, 29), draw(19, 31)]
      warmUp(model, [4, ...shape.slice(1)])
      compare(model, torch.randn(shape))
    }
  })

  it('sees operators in a forward, and chains of linear layers', () => {
    class LeNet extends nn.Module {
      conv1 = new nn.Conv2d(1, 6, 5, { padding: 2 })
      conv2 = new nn.Conv2d(6, 16, 5)
      fc1 = new nn.Linear(400, 120)
      fc2 = new nn.Linear(120, 84)
      fc3 = new nn.Linear(84, 10)

      forward(x: torch.Tensor): torch.Tensor {
        let h: torch.Tensor = this.conv1.forward(x).tanh().avgPool2d(2)
        h = this.conv2.forward(h).sigmoid().avgPool2d(2)
        h = this.fc1.forward(h.flatten(1)).tanh()
        return this.fc3.forward(this.fc2.forward(h).relu())
      }
    }
    compare(new LeNet().eval(), torch.randn([5, 1, 28, 28]))
    const mlp = new nn.Sequential(new nn.Linear(13, 33), new nn.ReLU(), new nn.Linear(33, 1))
    compare(mlp as unknown as AnyModule, torch.randn([19, 13]))
  })

  it('keeps NaN where eager does', () => {
    const model = new nn.Sequential(new nn.Conv2d(1, 2, 2), new nn.ReLU(), new nn.MaxPool2d(2))
    const x = torch.zeros([1, 1, 5, 5])
    x.select(2, 0).fill_(NaN)
    const compiled = torch.compile(model)
    torch.noGrad(() => {
      compiled.forward(torch.zeros([1, 1, 5, 5])) // recorded with numbers
      const [expected, got] = [model.forward(x), compiled.forward(x)]
      assert.deepEqual(got.isnan().tolist(), expected.isnan().tolist())
      assert.ok(got.isnan().any().item())
    })
  })

  it('notices values, tensors, modules, modes and hooks that change', () => {
    torch.manualSeed(1)
    const conv = new nn.Conv2d(1, 3, 3)
    const norm = new nn.BatchNorm2d(3)
    const model = new nn.Sequential({ conv, norm, relu: new nn.ReLU() })
    model.eval()
    const compiled = torch.compile(model)
    const x = torch.randn([3, 1, 9, 9])
    const same = (what: string) =>
      torch.noGrad(() => {
        const expected = model.forward(x)
        const apart = expected.sub(compiled.forward(x)).abs().max().item() as number
        assert.ok(apart < 1e-5, `${what}: ${apart}`)
      })
    same('as it was')
    torch.noGrad(() => void conv.weight.mul_(2))
    same('a value')
    conv.weight = new nn.Parameter(torch.randn([3, 1, 3, 3])) as typeof conv.weight
    same('a parameter')
    norm.running_mean = torch.randn([3])
    same('a buffer')
    ;(model as unknown as { relu: torch.nn.Module }).relu = new nn.Identity()
    same('a module')
    const handle = model.registerForwardHook((_, __, output) => (output as torch.Tensor).mul(3))
    same('a hook')
    assert.match(torch.explain(compiled), /hooks/)
    handle.remove()
    same('no hook')
    model.double()
    torch.noGrad(() => assert.equal(compiled.forward(x.double()).dtype, 'float64'))
    model.float()
    same('back')
    norm.train()
    const before = norm.num_batches_tracked!.item() as number
    torch.noGrad(() => void compiled.forward(x))
    assert.equal(norm.num_batches_tracked!.item(), before + 1)
  })

  it('runs eagerly what it does not understand, and says why', () => {
    class Reads extends nn.Module {
      linear = new nn.Linear(3, 2)
      forward(x: torch.Tensor): torch.Tensor {
        const y = this.linear.forward(x)
        return (y.sum().item() as number) > 0 ? y : y.neg()
      }
    }
    class Residual extends nn.Module {
      linear = new nn.Linear(3, 3)
      forward(x: torch.Tensor): torch.Tensor {
        return this.linear.forward(x).add(x)
      }
    }
    const reasons: [AnyModule, RegExp, torch.Tensor?][] = [
      [new Reads(), /why: no kernel for aten::sum|why: forward cannot be recorded: the forward reads a value/],
      [new Residual(), /why: aten::add.* takes a second tensor/],
      [new nn.Softmax(1) as unknown as AnyModule, /why: no kernel for Softmax/],
      [new nn.Sequential(new nn.Conv2d(2, 2, 1, { groups: 2 })) as never, /groups/, torch.randn([1, 2, 3, 3])],
      [new nn.Linear(3, 2).double() as never, /why: no fused kernels for float64/, torch.randn([2, 3]).double()],
      [new nn.Linear(3, 2) as never, /./, torch.randn([2, 4, 3])],
    ]
    for (const [model, reason, x = torch.randn([4, 3])] of reasons) {
      compare(model.eval(), x, false)
      const compiled = torch.compile(model)
      torch.noGrad(() => void compiled.forward(x))
      assert.match(torch.explain(compiled), reason)
    }
    const compiled = torch.compile(new nn.Linear(3, 2))
    assert.ok(compiled.forward(torch.randn([4, 3])).requiresGrad)
    assert.match(torch.explain(compiled), /why: gradients are recorded/)
  })

  it('throws what eager throws', () => {
    const compiled = torch.compile(new nn.Linear(3, 2))
    torch.noGrad(() => {
      assert.throws(() => compiled.forward(torch.zeros([4, 5])), { code: 'ERR_LIBTORCH' })
      assert.throws(() => compiled.forward(1 as never), { code: 'ERR_INVALID_ARG_TYPE' })
      const gone = torch.zeros([4, 3])
      gone.dispose()
      assert.throws(() => compiled.forward(gone), { code: 'ERR_DISPOSED' })
    })
    assert.throws(() => torch.compile(1 as never), { code: 'ERR_INVALID_ARG_TYPE' })
    assert.throws(() => torch.explain(1 as never), { code: 'ERR_INVALID_ARG_TYPE' })
    assert.equal(torch.explain(new nn.Linear(1, 1)), 'Linear: not compiled')
  })

  it('stays eager where eager is faster, and says why', async () => {
    const block = (from: number, to: number) => [new nn.Conv2d(from, to, 3, { padding: 1 }), new nn.ReLU()]
    const layers = [...block(3, 32), ...block(32, 64), new nn.Flatten(), new nn.Linear(65536, 2)]
    const wide = new nn.Sequential(...(layers as torch.nn.Module[]))
    const fast = torch.compile(wide)
    const x = torch.rand([1, 3, 32, 32])
    const out = await fast.run(x)
    assert.deepEqual(out.tolist(), torch.noGrad(() => wide.forward(x)).tolist())
    assert.match(
      torch.explain(fast),
      /why: eager is faster: 19\.\d million multiplications an input, for 1 at once of the 16/,
    )
    const data = { train: [x, torch.tensor([1n])], validation: [x, torch.tensor([1n])] } as const
    await torch.train(wide, data, { epochs: 1, optimizer: new torch.optim.SGD(wide.parameters()), compile: true })
    assert.match(
      torch.explain(wide),
      /why: eager is faster: 19\.\d million multiplications an input, in layers as wide/,
    )
  })

  it('keeps a bounded number of signatures', () => {
    const compiled = torch.compile(new nn.Linear(3, 2))
    torch.noGrad(() => {
      for (let count = 1; count <= 30; count++) compiled.forward(torch.randn([count, 3]))
    })
    assert.match(torch.explain(compiled), /16 of at most 16 signatures/)
  })

  it('runs off the thread, and stops before it begins', async () => {
    const model = new nn.Sequential(new nn.Conv2d(1, 2, 3), new nn.ReLU(), new nn.Flatten(), new nn.Linear(98, 3))
    const compiled = torch.compile(model)
    const x = torch.randn([40, 1, 9, 9])
    const expected = model.forward(x as never) as unknown as torch.Tensor
    const got = await compiled.run(x)
    assert.equal(got.requiresGrad, false)
    assert.match(torch.explain(compiled), /eval: fused|train: fused/)
    assert.ok((expected.sub(got).abs().max().item() as number) < 1e-5)
    await assert.rejects(compiled.run(x, { signal: AbortSignal.abort() }), { name: 'AbortError' })
    await assert.rejects(compiled.run(x, { signals: 1 } as never), { code: 'ERR_UNKNOWN_OPTION' })
  })

  it('shares the state dict with its module, and tells what it fused', () => {
    const model = new nn.Sequential(new nn.Linear(3, 2))
    const compiled = torch.compile(model)
    assert.equal(torch.compile(compiled), compiled)
    assert.deepEqual(Object.keys(compiled.stateDict()), ['0.weight', '0.bias'])
    compiled.loadStateDict(model.stateDict())
    assert.equal(torch.explain(compiled), 'Sequential: not called yet')
    torch.noGrad(() => void compiled.forward(torch.randn([4, 3])))
    assert.match(torch.explain(compiled), /│ 0 \(Linear\).*1 linear +\[2\]/s)
  })
})
