import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import { inspect } from 'node:util'
import * as torch from '../src/index'
import { nn, optim, type Tensor } from '../src/index'
import { assertTensor, isExact, readFixture, type TensorFixture, tensorOf } from './reference/tensors'

type Options = Record<string, unknown>

interface Run {
  kind: 'Adam' | 'SGD'
  options: Options
  text: string
  /** Of all parameters after steps 1, 2, 5 and 50. */
  hashes: string[]
  params: TensorFixture[]
  stateHash: string
}

interface GroupsRun {
  kind: 'Adam' | 'SGD'
  defaults: Options
  groups: [Options, Options, Options]
  params: TensorFixture[]
  paramGroups: Options[]
  text: string
}

const fixture = readFixture<{
  start: TensorFixture[]
  grads: TensorFixture[][]
  runs: Run[]
  groups: GroupsRun[]
  differentiable: Record<'Adam' | 'SGD', { options: Options; param: TensorFixture; grad: TensorFixture }>
  complex: TensorFixture
  errors: Record<string, string>
}>('optim')
const exact = isExact(fixture)

const startParams = () => fixture.start.map(start => new nn.Parameter(tensorOf(start).clone()))

/** The gradients of a step; the third parameter has none now and then. */
function setGrads(params: readonly Tensor[], step: number): void {
  params.forEach((param, i) => {
    param.grad = i === 2 && step % 3 === 1 ? null : tensorOf(fixture.grads[step]![i]!)
  })
}

const make = (kind: 'Adam' | 'SGD', params: unknown, options: Options): optim.Adam | optim.SGD =>
  new (optim[kind] as new (params: unknown, options: Options) => optim.Adam | optim.SGD)(params, options)

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
        assert.equal(
          hashOf(sorted(optimizer.stateDict().state).flatMap(entries => sorted(entries))),
          stateHash,
          'state',
        )
      }
      // Python writes the whole numbers it was given, so the text is the same as far as JavaScript can tell
      assert.equal(String(optimizer), text)
    })
  }
})

describe('parameter groups', () => {
  for (const { kind, defaults, groups, params: expected, paramGroups, text } of fixture.groups) {
    test(`${kind}: options of their own, and one more group in the middle`, () => {
      const params = startParams()
      const [first, second, third] = groups
      const optimizer = make(
        kind,
        [
          { params: params.slice(0, 1), ...first },
          { params: params.slice(1, 3), ...second },
        ],
        defaults,
      )
      for (let step = 0; step < 10; step++) {
        if (step === 5) optimizer.addParamGroup({ params: params[3]!, ...third })
        setGrads(params, step)
        optimizer.step()
      }
      params.forEach((param, i) => {
        assertTensor(param, expected[i]!, `parameter ${i}`, exact)
      })
      const state = optimizer.stateDict()
      assert.deepEqual(state.param_groups, paramGroups)
      assert.equal(String(optimizer), text)
    })
  }

  test('are live, and hold what others note down in them', () => {
    const [param] = startParams()
    const optimizer = new optim.Adam([param!], 0.5, [0.8, 0.9])
    const group = optimizer.paramGroups[0]!
    assert.deepEqual(group.params, [param])
    assert.deepEqual([group.lr, group.betas, group.fused], [0.5, [0.8, 0.9], null])
    group.fused = true
    group.betas = [0.5, 0.5]
    Object.assign(group, { initialLr: 0.5 })
    assert.deepEqual(optimizer.stateDict().param_groups[0], {
      lr: 0.5,
      betas: [0.5, 0.5],
      eps: 1e-8,
      weight_decay: 0,
      amsgrad: false,
      maximize: false,
      foreach: null,
      capturable: false,
      differentiable: false,
      fused: true,
      decoupled_weight_decay: false,
      initial_lr: 0.5,
      params: [0],
    })
    assert.equal(optimizer.defaults.lr, 0.5)
    assert.throws(() => Object.assign(group, { lr: 'fast' }), {
      code: 'ERR_INVALID_ARG_TYPE',
      message: "Adam: 'lr' must be a number, got the string 'fast'",
    })
    assert.throws(() => (group.betas as unknown as number[]).push(1), TypeError)
  })

  test('print their values, and make the groups of another optimizer', () => {
    const linear = new nn.Linear(1, 1)
    const group = new optim.SGD(linear.namedParameters(), { lr: 0.25 }).paramGroups[0]!
    assert.match(inspect(group), /paramNames: \[ 'weight', 'bias' \],\s+lr: 0.25,/)
    const other = new optim.SGD([group], { lr: 0.5, momentum: 0.5 })
    const [copy] = other.paramGroups
    assert.deepEqual({ ...copy }, { ...group })
    copy!.lr = 1
    assert.equal(group.lr, 0.25)
  })

  test('may have names', () => {
    const linear = new nn.Linear(2, 2)
    const optimizer = new optim.SGD(linear.namedParameters())
    assert.deepEqual(optimizer.paramGroups[0]!.paramNames, ['weight', 'bias'])
    assert.deepEqual(optimizer.stateDict().param_groups[0]!.param_names, ['weight', 'bias'])
    assert.throws(() => optimizer.addParamGroup({ params: startParams() }), {
      code: 'ERR_INVALID_ARG_VALUE',
      message: /cannot add param group without names to the optimizer/,
    })
  })
})

describe('steps', () => {
  test('learn: a line through two points', () => {
    torch.manualSeed(0)
    const linear = new nn.Linear(1, 1)
    const optimizer = new optim.SGD(linear.parameters(), { lr: 0.3, momentum: 0.5 })
    const x = torch.tensor([[0], [1]])
    const closure = () => {
      optimizer.zeroGrad()
      const loss = linear
        .forward(x)
        .sub(torch.tensor([[1], [3]]))
        .pow(2)
        .mean()
      loss.backward()
      return loss
    }
    let loss = 1
    torch.noGrad(() => {
      for (let i = 0; i < 200; i++) loss = optimizer.step(closure).item() as number
    })
    assert.ok(loss < 1e-6, `${loss}`)
    assert.ok(Math.abs((linear.weight.item() as number) - 2) < 1e-2)
  })

  test('go on with the parameters of a module that was cast and loaded', () => {
    const linear = new nn.Linear(2, 1)
    const optimizer = new optim.Adam(linear.parameters(), { lr: 0.1 })
    linear.double().loadStateDict({ weight: torch.ones([1, 2]), bias: torch.zeros([1]) })
    linear
      .forward(torch.ones([1, 2], { dtype: 'float64' }) as never)
      .sum()
      .backward()
    optimizer.step()
    assert.deepEqual(
      [...linear.weight.toTypedArray()].map(value => Math.round(Number(value) * 1000) / 1000),
      [0.9, 0.9],
    )
  })

  test('zeroGrad lets go of the gradients, or fills them', () => {
    const params = startParams()
    const optimizer = new optim.SGD(params)
    setGrads(params, 0)
    const kept = params[0]!.grad!
    optimizer.zeroGrad({ setToNone: false })
    assert.equal(kept.abs().sum().item(), 0)
    optimizer.zeroGrad()
    assert.equal(params[0]!.grad, null)
    assert.equal(kept.numel(), 35)
    assert.throws(() => optimizer.zeroGrad(1 as never), { code: 'ERR_INVALID_ARG_TYPE' })
  })

  test('may be recorded: differentiable', () => {
    for (const kind of ['Adam', 'SGD'] as const) {
      const { options, param: expected, grad } = fixture.differentiable[kind]
      const weight = torch.tensor([1, -2], { requiresGrad: true }) as Tensor
      const param = weight.clone() as Tensor
      param.retainGrad()
      const optimizer = make(kind, [param], { lr: 0.1, differentiable: true, ...options })
      for (let step = 0; step < 2; step++) {
        param.grad = torch.tensor([0.5, 0.25]).mul(step + 1)
        optimizer.step()
      }
      assertTensor(param, expected, kind, exact)
      param.mul(param).sum().backward()
      assertTensor(weight.grad, grad, `${kind} gradient`, exact)
    }
  })

  test('take complex parameters', () => {
    const gradient = [
      { re: 0.5, im: -1 },
      { re: 2, im: 0.25 },
    ]
    const start = [
      { re: 1, im: 2 },
      { re: 0, im: -0.5 },
    ]
    const complex = (values: { re: number; im: number }[], scale: number) =>
      torch.ops.aten.view_as_complex.default(
        torch.tensor(values.map(({ re, im }) => [re * scale, im * scale])),
      ) as Tensor
    const param = new nn.Parameter(complex(start, 1).clone() as Tensor)
    const optimizer = new optim.Adam([param], { lr: 0.1, amsgrad: true })
    for (let step = 0; step < 3; step++) {
      param.grad = complex(gradient, step + 1)
      optimizer.step()
    }
    assertTensor(param, fixture.complex, 'complex', exact)
  })
})

describe('wrong optimizers', () => {
  const ones = () => [new nn.Parameter(torch.ones([2]))]
  const same = ones()
  const CASES: Record<string, () => unknown> = {
    'Adam lr': () => new optim.Adam(ones(), { lr: -1 }),
    'Adam eps': () => new optim.Adam(ones(), { eps: -1e-8 }),
    'Adam beta 1': () => new optim.Adam(ones(), { betas: [1.5, 0.9] }),
    'Adam beta 2': () => new optim.Adam(ones(), { betas: [0.5, -0.25] }),
    'Adam weight decay': () => new optim.Adam(ones(), { weightDecay: -0.5 }),
    'Adam fused and foreach': () => new optim.Adam(ones(), { fused: true, foreach: true }),
    'Adam fused and differentiable': () => new optim.Adam(ones(), { fused: true, differentiable: true }),
    'SGD lr': () => new optim.SGD(ones(), -0.5),
    'SGD momentum': () => new optim.SGD(ones(), { momentum: -1 }),
    'SGD weight decay': () => new optim.SGD(ones(), { weightDecay: -1 }),
    'SGD nesterov': () => new optim.SGD(ones(), { nesterov: true }),
    'SGD fused and foreach': () => new optim.SGD(ones(), { fused: true, foreach: true }),
    'no parameters': () => new optim.SGD([]),
    'no leaf': () => new optim.SGD([ones()[0]!.mul(2)]),
    twice: () => new optim.SGD([{ params: same }, { params: same }]),
  }
  for (const [name, message] of Object.entries(fixture.errors)) {
    test(`in the words of Python: ${name}`, () => {
      assert.throws(CASES[name]!, { name: 'InvalidArgValueError', code: 'ERR_INVALID_ARG_VALUE', message })
    })
  }

  test('options that nobody reads, values of the wrong kind, things that are no parameters', () => {
    const type = { code: 'ERR_INVALID_ARG_TYPE' }
    const unknown = { code: 'ERR_UNKNOWN_OPTION' }
    assert.throws(() => new optim.Adam(ones(), { learningRate: 1 } as never), unknown)
    assert.throws(() => new optim.Adam(ones(), { weigthDecay: 1 } as never), {
      ...unknown,
      message: /did you mean 'weightDecay'/,
    })
    assert.throws(() => new optim.SGD([{ params: ones(), momentun: 1 } as never]), {
      ...unknown,
      message: /did you mean 'momentum'/,
    })
    assert.throws(() => new optim.Adam(ones(), { betas: 0.9 as never }), {
      ...type,
      message: "Adam: 'betas' must be a pair of numbers, got the number 0.9",
    })
    assert.throws(() => new optim.Adam(ones(), { amsgrad: 1 as never }), type)
    assert.throws(() => new optim.Adam(ones(), { fused: 'yes' as never }), { ...type, message: /a boolean or null/ })
    assert.throws(() => new optim.SGD([{ params: ones(), lr: 'x' as never }]), type)
    assert.throws(() => new optim.SGD(ones()[0] as never), {
      ...type,
      message: /an iterable of Tensors or dicts, but got an instance of Parameter/,
    })
    assert.throws(() => new optim.SGD(3 as never), type)
    assert.throws(() => new optim.SGD([3 as never]), { ...type, message: /can only optimize Tensors/ })
    assert.throws(() => new optim.SGD([{ params: new Set(ones()) }]), { ...type, message: /ordered collections/ })
    assert.throws(() => new (optim.SGD as new () => unknown)(), { ...type, message: /SGD needs 'params'/ })
  })

  test('what a step refuses', () => {
    const [param] = ones()
    param!.grad = torch.ones([2])
    const capturable = new optim.Adam([param!], { capturable: true })
    assert.throws(() => capturable.step(), {
      code: 'ERR_INVALID_ARG_VALUE',
      message: /If capturable=True, params and state_steps must be on supported devices/,
    })
    const complex = new nn.Parameter(torch.zeros([2], { dtype: 'complex64' }))
    complex.grad = torch.zeros([2], { dtype: 'complex64' })
    const fused = new optim.Adam([complex], { fused: true })
    assert.throws(() => fused.step(), {
      code: 'ERR_INVALID_ARG_VALUE',
      message: /`fused=True` requires all the params to be floating point/,
    })
  })
})
