import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import * as torch from '../src/index'
import { nn, optim, type Tensor, train } from '../src/index'
import { assertTensor, isExact, readFixture, type TensorFixture, tensorOf } from './reference/tensors'

type Kind = 'AdamW' | 'Adagrad' | 'RMSprop' | 'Adadelta' | 'Adamax' | 'NAdam' | 'RAdam'
type Options = Record<string, unknown>
type AnyOptimizer = optim.Optimizer<{ lr?: number }>

interface Run {
  kind: Kind
  options: Options
  text: string
  hashes: string[]
  params: TensorFixture[]
  stateHash: string
}

const fixture = readFixture<{
  runs: Run[]
  groups: {
    kind: Kind
    defaults: Options
    groups: Options[]
    params: TensorFixture[]
    paramGroups: Options[]
    text: string
  }
  stateDicts: {
    kind: Kind
    options: Options
    saved: { state: Record<string, Record<string, TensorFixture>>; param_groups: Options[] }
    before: TensorFixture[]
    after: TensorFixture[]
  }[]
  differentiable: { kind: Kind; options: Options; steps: number; param: TensorFixture; grad: TensorFixture }[]
  complex: { kind: Kind; options: Options; param: TensorFixture }[]
  sparse: TensorFixture
  errors: Record<string, string>
}>('optimizers')
const exact = isExact(fixture)
const { start, grads } = readFixture<{ start: TensorFixture[]; grads: TensorFixture[][] }>('optim')

const parametersOf = (tensors: TensorFixture[]) => tensors.map(tensor => new nn.Parameter(tensorOf(tensor).clone()))
const startParams = () => parametersOf(start)

function setGrads(params: readonly Tensor[], step: number): void {
  params.forEach((param, i) => {
    param.grad = i === 2 && step % 3 === 1 ? null : tensorOf(grads[step]![i]!)
  })
}

const make = (kind: Kind, params: unknown, options: Options): AnyOptimizer =>
  new (optim[kind] as unknown as new (params: unknown, options: Options) => AnyOptimizer)(params, options)

function hashOf(tensors: Iterable<Tensor>): string {
  const hash = createHash('sha256')
  for (const tensor of tensors) hash.update(tensor.bytes())
  return hash.digest('hex')
}

const sorted = <T>(record: Record<string, T>): T[] =>
  Object.keys(record)
    .sort()
    .map(key => record[key]!)

describe(`50 steps are those of Python${exact ? ', bit for bit' : ''}`, () => {
  for (const { kind, options, text, hashes, params: expected, stateHash } of fixture.runs) {
    test(`${kind} ${JSON.stringify(options)}`, () => {
      const params = startParams()
      const optimizer = make(kind, params, options)
      const found: string[] = []
      for (let step = 0; step < 50; step++) {
        if (step === 30) optimizer.paramGroups[0]!.lr *= 0.5
        setGrads(params, step)
        optimizer.step()
        if ([1, 2, 5, 50].includes(step + 1)) found.push(hashOf(params))
      }
      params.forEach((param, i) => {
        assertTensor(param, expected[i]!, `parameter ${i}`, exact)
      })
      if (exact) {
        assert.deepEqual(found, hashes)
        const state = sorted(optimizer.stateDict().state).flatMap(entries => sorted(entries))
        assert.equal(hashOf(state), stateHash, 'state')
      }
      assert.equal(String(optimizer), text)
    })
  }
})

test('parameter groups with options of their own, and one more in the middle', () => {
  const { kind, defaults, groups, params: expected, paramGroups, text } = fixture.groups
  const params = startParams()
  const optimizer = make(
    kind,
    [
      { params: params.slice(0, 1), ...groups[0] },
      { params: params.slice(1, 3), ...groups[1] },
    ],
    defaults,
  )
  for (let step = 0; step < 10; step++) {
    if (step === 5) optimizer.addParamGroup({ params: params[3]!, ...groups[2] })
    setGrads(params, step)
    optimizer.step()
  }
  params.forEach((param, i) => {
    assertTensor(param, expected[i]!, `parameter ${i}`, exact)
  })
  assert.deepEqual(optimizer.stateDict().param_groups, paramGroups)
  assert.equal(String(optimizer), text)
})

describe('a state dict of Python', () => {
  for (const { kind, options, saved, before, after } of fixture.stateDicts) {
    test(`${kind} ${JSON.stringify(options)}: loaded, it goes on as Python does; saved, it is the same`, () => {
      const params = parametersOf(before)
      const optimizer = make(kind, params, {})
      const state = Object.entries(saved.state).map(([number, entries]) => [
        number,
        Object.fromEntries(Object.entries(entries).map(([name, tensor]) => [name, tensorOf(tensor).clone() as Tensor])),
      ])
      optimizer.loadStateDict({ state: Object.fromEntries(state), param_groups: saved.param_groups })
      const own = optimizer.stateDict()
      assert.deepEqual(own.param_groups, saved.param_groups)
      assert.deepEqual(Object.keys(own.param_groups[0]!), Object.keys(saved.param_groups[0]!))
      for (const [number, entries] of Object.entries(saved.state)) {
        assert.deepEqual(Object.keys(own.state[number]!), Object.keys(entries))
        for (const [name, tensor] of Object.entries(entries)) {
          // As in Python, loading casts all but the count: from there on it is of the parameter's dtype
          const loaded = own.state[number]![name]!
          const cast = name === 'mu_product' && loaded.dtype === 'float64'
          assertTensor(cast ? loaded.float() : loaded, tensor, `${number} ${name}`)
        }
      }
      for (let step = 4; step < 10; step++) {
        setGrads(params, step)
        optimizer.step()
      }
      params.forEach((param, i) => {
        assertTensor(param, after[i]!, `parameter ${i}`, exact && !(kind === 'NAdam' && i === 3))
      })
    })
  }

  test('of Adam does not make AdamW Adam', () => {
    const params = startParams()
    const optimizer = new optim.AdamW(params)
    optimizer.loadStateDict(new optim.Adam(params).stateDict())
    assert.equal((optimizer.paramGroups[0] as unknown as Options).decoupledWeightDecay, true)
    assert.equal(optimizer.paramGroups[0]!.weightDecay, 0)
  })
})

describe('steps', () => {
  for (const { kind, options, steps, param: expected, grad } of fixture.differentiable) {
    test(`may be recorded: ${kind}`, () => {
      const weight = torch.tensor([1, -2], { requiresGrad: true }) as Tensor
      const param = weight.clone() as Tensor
      param.retainGrad()
      const optimizer = make(kind, [param], { lr: 0.1, differentiable: true, ...options })
      for (let step = 0; step < steps; step++) {
        param.grad = torch.tensor([0.5, 0.25]).mul(step + 1)
        optimizer.step()
      }
      assertTensor(param, expected, kind, exact)
      param.mul(param).sum().backward()
      assertTensor(weight.grad, grad, `${kind} gradient`, exact)
    })
  }

  for (const { kind, options, param: expected } of fixture.complex) {
    test(`take complex parameters: ${kind}${options.foreach ? ', as lists' : ''}`, () => {
      const complex = (values: number[][]) => torch.ops.aten.view_as_complex.default(torch.tensor(values)) as Tensor
      const start = [
        [1, 2],
        [0, -0.5],
      ]
      const param = new nn.Parameter(complex(start).clone() as Tensor)
      const optimizer = make(kind, [param], { lr: 0.1, ...options })
      for (let step = 1; step <= 8; step++) {
        param.grad = complex([
          [0.5 * step, -step],
          [2 * step, 0.25 * step],
        ])
        optimizer.step()
      }
      assertTensor(param, expected, kind, exact)
    })
  }

  test('Adagrad takes sparse gradients, and has its sums before the first', () => {
    const param = new nn.Parameter(torch.arange(12).float().reshape([4, 3]).div(7))
    const optimizer = new optim.Adagrad([param], { lr: 0.1, lrDecay: 0.1, initialAccumulatorValue: 0 })
    assert.deepEqual(Object.keys(optimizer.state.get(param)!), ['step', 'sum'])
    for (let step = 1; step <= 3; step++) {
      const values = torch.tensor([
        [1, -2, 3],
        [0.5, 0.25, -1],
        [0.1, 0.2, 0.3],
      ])
      param.grad = torch.ops.aten.sparse_coo_tensor.indices_size(
        torch.tensor([[0, 2, 0]], { dtype: 'int64' }),
        values.mul(step),
        [4, 3],
      ) as Tensor
      optimizer.step()
    }
    assertTensor(param, fixture.sparse, 'sparse', exact)
    param.grad = (param.grad as Tensor).clone() as Tensor
    assert.throws(() => new optim.RMSprop([param]).step(), {
      code: 'ERR_INVALID_ARG_VALUE',
      message: /RMSprop does not support sparse gradients/,
    })
  })

  for (const kind of ['AdamW', 'Adagrad', 'RMSprop', 'Adadelta', 'Adamax', 'NAdam', 'RAdam'] as const) {
    test(`${kind}: queued by train, the same bits as at once`, async () => {
      torch.manualSeed(0)
      const x = torch.randn([48, 4]) as Tensor<[number, 4]>
      const y = torch.arange(48).remainder(3) as Tensor<[number], 'int64'>
      const [queued, atOnce] = [1, 1].map(seed => {
        torch.manualSeed(seed)
        return new nn.Sequential(new nn.Linear(4, 8), new nn.ReLU(), new nn.Linear(8, 3))
      })
      if (queued === undefined || atOnce === undefined) throw new Error('two networks')
      const options = { lr: 0.05, weightDecay: 0.01 }
      const { trainLosses } = await train(
        queued,
        { train: [x, y], validation: [x, y] },
        { epochs: 8, optimizer: make(kind, queued.parameters(), options) },
      )
      const criterion = new nn.CrossEntropyLoss()
      const optimizer = make(kind, atOnce.parameters(), options)
      const losses: number[] = []
      for (let epoch = 0; epoch < 8; epoch++) {
        optimizer.zeroGrad()
        const loss = criterion.forward(atOnce.forward(x), y)
        losses.push(loss.item() as number)
        loss.backward()
        optimizer.step()
      }
      assert.deepEqual(trainLosses, losses)
      assert.ok(losses[7]! < losses[0]!)
      queued.parameters().forEach((param, i) => {
        assert.deepEqual(param.bytes(), atOnce.parameters()[i]!.bytes())
      })
    })
  }
})

describe('wrong optimizers', () => {
  const ones = () => [new nn.Parameter(torch.ones([2]))]
  const CASES: Record<string, () => unknown> = {
    'Adagrad lr': () => new optim.Adagrad(ones(), -1),
    'Adagrad lr decay': () => new optim.Adagrad(ones(), { lrDecay: -1 }),
    'Adagrad weight decay': () => new optim.Adagrad(ones(), { weightDecay: -1 }),
    'Adagrad initial value': () => new optim.Adagrad(ones(), { initialAccumulatorValue: -0.5 }),
    'Adagrad eps': () => new optim.Adagrad(ones(), { eps: -1 }),
    'Adagrad fused and foreach': () => new optim.Adagrad(ones(), { fused: true, foreach: true }),
    'RMSprop lr': () => new optim.RMSprop(ones(), { lr: -1 }),
    'RMSprop eps': () => new optim.RMSprop(ones(), { eps: -1 }),
    'RMSprop momentum': () => new optim.RMSprop(ones(), { momentum: -1 }),
    'RMSprop weight decay': () => new optim.RMSprop(ones(), { weightDecay: -1 }),
    'RMSprop alpha': () => new optim.RMSprop(ones(), { alpha: -0.5 }),
    'Adadelta lr': () => new optim.Adadelta(ones(), { lr: -1 }),
    'Adadelta rho': () => new optim.Adadelta(ones(), { rho: 1.5 }),
    'Adadelta eps': () => new optim.Adadelta(ones(), { eps: -1 }),
    'Adadelta weight decay': () => new optim.Adadelta(ones(), { weightDecay: -1 }),
    'Adamax lr': () => new optim.Adamax(ones(), { lr: -1 }),
    'Adamax beta': () => new optim.Adamax(ones(), { betas: [0.5, 1] }),
    'NAdam momentum decay': () => new optim.NAdam(ones(), { momentumDecay: -1 }),
    'NAdam beta': () => new optim.NAdam(ones(), { betas: [1, 0.5] }),
    'RAdam eps': () => new optim.RAdam(ones(), { eps: -1 }),
    'RAdam weight decay': () => new optim.RAdam(ones(), { weightDecay: -1 }),
    'LBFGS lr': () => new optim.LBFGS(ones(), { lr: -1 }),
    'LBFGS groups': () => new optim.LBFGS([{ params: ones() }, { params: ones() }]),
  }
  for (const [name, message] of Object.entries(fixture.errors)) {
    test(`in the words of Python: ${name}`, () => {
      assert.throws(CASES[name]!, { name: 'InvalidArgValueError', code: 'ERR_INVALID_ARG_VALUE', message })
    })
  }

  test('options that nobody reads, values of the wrong kind, what a step refuses', () => {
    const unknown = { code: 'ERR_UNKNOWN_OPTION' }
    assert.throws(() => new optim.RMSprop(ones(), { momentun: 1 } as never), { ...unknown, message: /'momentum'/ })
    assert.throws(() => new optim.AdamW(ones(), { decoupledWeightDecay: false } as never), unknown)
    assert.throws(() => new optim.NAdam(ones(), { betas: [0.5] as never }), { code: 'ERR_INVALID_ARG_TYPE' })
    assert.throws(() => new optim.RMSprop(ones(), { centered: 1 as never }), { code: 'ERR_INVALID_ARG_TYPE' })
    for (const kind of ['AdamW', 'RMSprop', 'Adadelta', 'Adamax', 'NAdam', 'RAdam'] as const) {
      for (const foreach of [false, true]) {
        const params = ones()
        params[0]!.grad = torch.ones([2])
        const optimizer = make(kind, params, { capturable: true, foreach })
        assert.throws(() => optimizer.step(), {
          code: 'ERR_INVALID_ARG_VALUE',
          message: /If capturable=True, .* must be on supported devices: \['cuda', 'xpu', 'hpu'/,
        })
      }
    }
    const [param] = ones()
    param!.grad = torch.ones([2])
    assert.throws(() => make('Adamax', [param], { differentiable: true, foreach: true }).step(), {
      code: 'ERR_INVALID_ARG_VALUE',
      message: /_foreach ops don't support autograd/,
    })
    assert.equal(param!.at(0).item(), 1)
  })
})
