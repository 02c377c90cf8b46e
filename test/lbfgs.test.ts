import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as torch from '../src/index'
import { nn, optim, type Tensor } from '../src/index'
import { assertTensor, isExact, readFixture, type TensorFixture, tensorOf } from './reference/tensors'

interface Run {
  options: optim.LBFGSOptions
  dtype: 'float32' | 'float64'
  text: string
  losses: number[]
  evaluations: number[]
  iterations: number
  params: TensorFixture[]
  saved: {
    state: Record<string, Record<string, unknown>>
    param_groups: Record<string, unknown>[]
    params: TensorFixture[]
  }
}

const fixture = readFixture<{ runs: Run[] }>('lbfgs')
const exact = isExact(fixture)

/** The narrow valley, and a second parameter along for the ride. */
function rosenbrock(x: Tensor, y: Tensor): Tensor {
  const head = torch.ops.aten.slice.Tensor(x, 0, 0, 3) as Tensor
  const tail = torch.ops.aten.slice.Tensor(x, 0, 1, 4) as Tensor
  // Each factor made anew, as Python's script does: the order in which gradients are added up is theirs
  const off = () => tail.sub(head.mul(head)) as Tensor
  const away = () => torch.ops.aten.rsub.Scalar(head, 1) as Tensor
  const valley = off().mul(off()).sum().mul(100).add(away().mul(away()).sum())
  return valley.add(y.mul(y).sum().mul(3)) as Tensor
}

const closureOf = (optimizer: optim.LBFGS, params: readonly Tensor[]) => () => {
  optimizer.zeroGrad()
  const loss = rosenbrock(params[0]!, params[1]!)
  loss.backward()
  return loss
}

const startParams = (dtype: 'float32' | 'float64') => [
  new nn.Parameter(torch.tensor([-1.2, 1, 0.5, 2], { dtype }) as Tensor),
  new nn.Parameter(torch.tensor([[0.5, -1.5]], { dtype }) as Tensor),
]

/** Tensors where the fixture has them written down. */
function revived(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(revived)
  const isFixture = typeof value === 'object' && value !== null && 'data' in value
  return isFixture ? tensorOf(value as TensorFixture).clone() : value
}

/** The same, compared. */
function assertState(actual: unknown, expected: unknown, what: string): void {
  if (Array.isArray(expected)) {
    assert.ok(Array.isArray(actual), what)
    assert.equal(actual.length, expected.length, what)
    for (const [i, entry] of expected.entries()) assertState(actual[i], entry, `${what}[${i}]`)
  } else if (typeof expected === 'object' && expected !== null) {
    assertTensor(actual, expected as TensorFixture, what)
  } else assert.equal(actual, expected, what)
}

describe(`steps are those of Python${exact ? ', bit for bit' : ''}`, () => {
  for (const { options, dtype, text, losses, evaluations, iterations, params: expected } of fixture.runs) {
    test(`${JSON.stringify(options)} in ${dtype}`, () => {
      const params = startParams(dtype)
      const optimizer = new optim.LBFGS(params, options)
      assert.equal(String(optimizer), text)
      const closure = closureOf(optimizer, params)
      const found = losses.map(() => {
        const loss = optimizer.step(closure).item()
        return { loss, evaluations: optimizer.state.get(params[0]!)!.func_evals }
      })
      if (exact) {
        assert.deepEqual(
          found,
          losses.map((loss, i) => ({ loss, evaluations: evaluations[i] })),
        )
        assert.equal(optimizer.state.get(params[0]!)!.n_iter, iterations)
        for (const [i, param] of params.entries()) assertTensor(param, expected[i]!, `parameter ${i}`)
      } else {
        assert.ok(Math.abs((found.at(-1)!.loss as number) - losses.at(-1)!) < 0.1 * losses[0]!)
      }
    })
  }
})

describe('a state dict of Python', () => {
  for (const { options, dtype, saved, losses, params: expected } of fixture.runs) {
    test(`${JSON.stringify(options)} in ${dtype}: loaded, it goes on as Python does; saved, it is the same`, () => {
      const params = saved.params.map(tensor => new nn.Parameter(tensorOf(tensor).clone()))
      const optimizer = new optim.LBFGS(params)
      const state = Object.entries(saved.state).map(([number, entries]) => [
        number,
        Object.fromEntries(Object.entries(entries).map(([name, value]) => [name, revived(value)])),
      ])
      optimizer.loadStateDict({
        state: Object.fromEntries(state) as Record<string, optim.LBFGSState>,
        param_groups: saved.param_groups,
      })
      const own = optimizer.stateDict()
      assert.deepEqual(own.param_groups, saved.param_groups)
      for (const [name, value] of Object.entries(saved.state[0]!)) {
        // What Python keeps as null, a value that is not there yet, is left out here
        if (value !== null) assertState(own.state[0]![name as keyof optim.LBFGSState], value, name)
      }
      const closure = closureOf(optimizer, params)
      const found = losses.slice(3).map(() => optimizer.step(closure).item())
      if (!exact) return
      assert.deepEqual(found, losses.slice(3))
      for (const [i, param] of params.entries()) assertTensor(param, expected[i]!, `parameter ${i}`)
    })
  }
})

describe('LBFGS', () => {
  test('gives what the closure gave first, takes a number for the loss, and works without recording', () => {
    const params = startParams('float64')
    const optimizer = new optim.LBFGS(params, { lr: 0.1 })
    const closure = closureOf(optimizer, params)
    const start = rosenbrock(params[0]!, params[1]!).item()
    const first = torch.noGrad(() => optimizer.step(() => closure().item() as number))
    assert.equal(first, start)
    assert.ok((rosenbrock(params[0]!, params[1]!).item() as number) < (start as number))
  })

  test('takes complex parameters, and ones without a gradient', () => {
    const complex = torch.ops.aten.view_as_complex.default(torch.tensor([[3, -4]])) as Tensor
    const param = new nn.Parameter(complex.clone() as Tensor)
    const idle = new nn.Parameter(torch.ones([2]) as Tensor)
    const optimizer = new optim.LBFGS([param, idle], { lineSearchFn: 'strong_wolfe' })
    const closure = () => {
      optimizer.zeroGrad()
      const real = torch.ops.aten.view_as_real.default(param) as Tensor
      const loss = real.mul(real).sum() as Tensor
      loss.backward()
      return loss
    }
    assert.equal(optimizer.step(closure).item(), 25)
    assert.ok((closure().item() as number) < 1e-8)
    assert.deepEqual(idle.tolist(), [1, 1])
  })

  test('refuses what it cannot do', () => {
    const params = startParams('float32')
    const type = { code: 'ERR_INVALID_ARG_TYPE' }
    const value = { code: 'ERR_INVALID_ARG_VALUE' }
    const optimizer = new optim.LBFGS(params)
    assert.throws(() => optimizer.step(), { ...type, message: /LBFGS: step needs a closure/ })
    assert.throws(() => optimizer.step(() => 'low'), { ...type, message: /must give the loss, got the string 'low'/ })
    assert.throws(() => new optim.LBFGS(params, { maxIter: 1.5 }), { ...type, message: /'maxIter' must be an integer/ })
    assert.throws(() => new optim.LBFGS(params, { lineSearchFn: 3 as never }), { ...type, message: /a string or null/ })
    const search = { lineSearchFn: 'armijo' as never }
    assert.throws(() => new optim.LBFGS(params, search), { ...value, message: "only 'strong_wolfe' is supported" })
    Object.assign(optimizer.paramGroups[0]!, search)
    assert.throws(() => optimizer.step(closureOf(optimizer, params)), { ...value, message: /only 'strong_wolfe'/ })
    const wrong = {
      state: { 0: {} as optim.LBFGSState },
      param_groups: new optim.LBFGS(params).stateDict().param_groups,
    }
    assert.throws(() => optimizer.loadStateDict(wrong), { code: 'ERR_STATE_DICT', message: /integers func_evals/ })
    assert.throws(
      () =>
        new optim.LBFGS(params).step(() => {
          throw new RangeError('mine')
        }),
      RangeError,
    )
  })

  test('has as many evaluations as five fourths of its iterations', () => {
    assert.equal(new optim.LBFGS(startParams('float32'), { maxIter: 7 }).paramGroups[0]!.maxEval, 8)
    assert.equal(new optim.LBFGS(startParams('float32'), 1, 7, 3).paramGroups[0]!.maxEval, 3)
  })
})
