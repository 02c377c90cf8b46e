import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as torch from '../src/index'
import { nn } from '../src/index'
import { decode, testRuns } from './reference/layer-runs'
import { assertTensor, isExact, readFixture, type TensorFixture } from './reference/tensors'

interface Gumbel {
  options: { tau?: number; hard?: boolean; dim?: number }
  logits: { tensor: TensorFixture }
  y: { tensor: TensorFixture }
  grad: { tensor: TensorFixture }
}

const { functional: F } = nn
const x = () => torch.tensor([-3, -0.5, 0, 0.25, 7])

testRuns('activations')

describe('activations as functions', () => {
  test('gumbelSoftmax draws as Python draws', () => {
    const fixture = readFixture<{ gumbel: Gumbel[] }>('activations')
    for (const { options, logits, y, grad } of fixture.gumbel) {
      torch.manualSeed(5)
      torch.randn([3, 4])
      const given = decode(logits) as torch.Tensor
      const drawn = F.gumbelSoftmax(given, options)
      assertTensor(drawn, y.tensor, JSON.stringify(options), isExact(fixture))
      drawn
        .mul(torch.arange(12).reshape([3, 4]))
        .sum()
        .backward()
      assertTensor(given.grad, grad.tensor, `gradient of ${JSON.stringify(options)}`, isExact(fixture))
    }
  })

  test('take arguments in Python order, or as options, and give the input itself in place', () => {
    const same = (a: torch.Tensor, b: torch.Tensor) => assert.deepEqual(a.tolist(), b.tolist())
    same(F.hardtanh(x(), -1, 2), x().clamp(-1, 2))
    same(F.hardtanh(x(), { maxVal: 2 }), x().clamp(-1, 2))
    same(F.threshold(x(), 0.1, 20), torch.tensor([20, 20, 20, 20 * 0 + 0.25, 7]))
    same(F.leakyRelu(x(), 0.5), torch.tensor([-1.5, -0.25, 0, 0.25, 7]))
    same(F.softshrink(x(), { lambd: 0.25 }), torch.tensor([-2.75, -0.25, 0, 0, 6.75]))
    same(F.rrelu(x(), 0.25, 0.75), torch.tensor([-1.5, -0.25, 0, 0.25, 7]))
    same(F.prelu(x(), torch.tensor([2])), torch.tensor([-6, -1, 0, 0.25, 7]))
    same(F.tanhshrink(x()), x().sub(x().tanh()))
    same(F.softsign(torch.tensor([1, -3])), torch.tensor([0.5, -0.75]))
    for (const change of [F.relu6, F.elu, F.selu, F.celu, F.silu, F.mish, F.hardswish, F.hardsigmoid]) {
      const input = x()
      assert.equal(change(input, { inplace: true }), input)
    }
    assert.deepEqual(F.glu(torch.zeros([2, 6])).shape, [2, 3])
    assert.deepEqual(F.glu(torch.zeros([4, 3]), 0).shape, [2, 3])
    same(F.softmin(torch.zeros([1, 2]), 1), torch.tensor([[0.5, 0.5]]))
  })
})

describe('activations refuse', () => {
  const refused = (action: () => unknown, code: string, message: RegExp) => assert.throws(action, { code, message })
  const any = F as unknown as Record<string, (...args: unknown[]) => unknown>
  const layers = nn as unknown as Record<string, new (...args: unknown[]) => unknown>

  test('arguments of the wrong kind, and options that nobody reads', () => {
    refused(() => new layers.ELU!('a'), 'ERR_INVALID_ARG_TYPE', /ELU: 'alpha' must be a number, got the string 'a'/)
    refused(() => new layers.ELU!({ alfa: 1 }), 'ERR_UNKNOWN_OPTION', /did you mean 'alpha'/)
    refused(() => new layers.ReLU6!(3), 'ERR_INVALID_ARG_TYPE', /'inplace' must be a boolean/)
    refused(() => new layers.Threshold!(3), 'ERR_INVALID_ARG_TYPE', /Threshold needs 'value'/)
    refused(() => new layers.GELU!('erf'), 'ERR_INVALID_ARG_VALUE', /'approximate' must be one of 'none', 'tanh'/)
    refused(() => new layers.Tanh!(1), 'ERR_INVALID_ARG_TYPE', /Tanh takes at most 0 arguments/)
    refused(() => new layers.LogSoftmax!('1'), 'ERR_INVALID_ARG_TYPE', /'dim' must be an integer/)
    refused(() => any.elu!(x(), 'a'), 'ERR_INVALID_ARG_TYPE', /elu: 'alpha' must be a number/)
    refused(() => any.elu!(3), 'ERR_INVALID_ARG_TYPE', /elu: expected a tensor as 'input', got the number 3/)
    refused(() => any.softsign!([1]), 'ERR_INVALID_ARG_TYPE', /softsign: 'input' must be a tensor/)
  })

  test('values and shapes that cannot be', () => {
    refused(() => new nn.Hardtanh(1, 1), 'ERR_INVALID_ARG_VALUE', /'maxVal' must be greater than 'minVal'/)
    refused(() => F.hardtanh(x(), 2, 1), 'ERR_INVALID_ARG_VALUE', /min_val cannot be greater than max_val/)
    refused(() => any.glu!(torch.tensor(1)), 'ERR_INVALID_ARG_VALUE', /glu does not support scalars/)
    const softmax2d = new nn.Softmax2d() as nn.Module as { forward(x: torch.Tensor): unknown }
    refused(() => softmax2d.forward(x()), 'ERR_INVALID_ARG_VALUE', /expected input to be 3D or 4D, got 1D/)
    refused(
      () => new nn.Softshrink(-1).forward(x()),
      'ERR_LIBTORCH',
      /^Softshrink\(-1\): aten::softshrink: lambda must be in range/,
    )
    refused(() => new nn.ELU().forward([1] as never), 'ERR_INVALID_ARG_TYPE', /ELU\(alpha=1.0\): forward takes tensors/)
  })
})
