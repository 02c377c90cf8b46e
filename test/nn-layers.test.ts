import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as torch from '../src/index'
import { nn } from '../src/index'
import { assertTensor, isExact, readFixture, type TensorFixture, tensorOf } from './reference/tensors'

type Tensors = Record<string, TensorFixture>

interface Run {
  mode: 'train' | 'eval'
  outputs: TensorFixture[]
  same: boolean
  inputGrad: TensorFixture
  grads: Tensors
  buffers: Tensors
}

interface LayerCase {
  layer: string
  options: Record<string, unknown>
  seed: number
  text: string
  input: TensorFixture
  state: Tensors
  runs: Run[]
}

interface LossCase {
  options: Record<string, unknown>
  scores: TensorFixture
  target: TensorFixture
  loss: TensorFixture
  grad: TensorFixture
  text: string
  keys: string[]
}

const fixture = readFixture<{ layers: LayerCase[]; losses: LossCase[] }>('nn')
const exact = isExact(fixture)

// The fixture names layers and options at run time, so types cannot know them
type AnyLayer = nn.Module & { forward(...inputs: torch.Tensor[]): torch.Tensor | torch.Tensor[] }
const layers = nn as unknown as Record<string, new (options: Record<string, unknown>) => AnyLayer>

const decode = (options: Record<string, unknown>) =>
  Object.fromEntries(
    Object.entries(options).map(([name, value]) => {
      const coded = value as { tensor?: TensorFixture } | null
      return [name, coded?.tensor ? tensorOf(coded.tensor) : value]
    }),
  )

const weighted = (result: torch.Tensor, from: number): torch.Tensor => {
  const { dtype, shape } = result
  const weights = torch
    .arange(from, from + result.numel())
    .to({ dtype })
    .reshape(shape as number[]) as torch.Tensor
  return result.mul(weights).sum()
}

function assertTensors(actual: Iterable<[string, torch.Tensor | null]>, expected: Tensors, what: string): void {
  const found = new Map(actual)
  assert.deepEqual([...found.keys()], Object.keys(expected), `${what}: names`)
  for (const [name, tensor] of found) assertTensor(tensor, expected[name]!, `${what} ${name}`, exact)
}

function checkRun(layer: AnyLayer, run: Run, x: torch.Tensor, inplace: boolean): void {
  layer.train(run.mode === 'train')
  layer.zeroGrad()
  const leaf = x.clone().requiresGrad_() as torch.Tensor
  const given = inplace ? leaf.mul(1) : leaf
  const result = layer.forward(given)
  assert.equal(result === given, run.same, 'the input itself')
  const outputs = Array.isArray(result) ? result : [result]
  assert.equal(outputs.length, run.outputs.length)
  outputs.forEach((output, i) => {
    assertTensor(output, run.outputs[i]!, `${run.mode} output ${i}`, exact)
  })
  weighted(outputs[0]!, 0).backward()
  assertTensor(leaf.grad, run.inputGrad, `${run.mode} gradient of the input`, exact)
  assertTensors(
    layer.namedParameters().map(([name, parameter]) => [name, parameter.grad]),
    run.grads,
    `${run.mode} gradients`,
  )
  assertTensors(layer.namedBuffers(), run.buffers, `${run.mode} buffers`)
}

describe('layers are those of Python', () => {
  torch.setNumThreads(fixture.threads)
  for (const { layer: kind, options, seed, text, input, state, runs } of fixture.layers) {
    test(`${text} of [${input.shape}]${options.dtype ? ` ${options.dtype}` : ''}`, () => {
      torch.manualSeed(seed)
      const layer = new layers[kind]!(decode(options))
      assert.equal(String(layer), text)
      assert.equal(layer instanceof nn.Module, true)
      const { dtype, shape } = input
      assertTensor(torch.randn(shape, { dtype }), input, 'the random numbers that follow', exact)
      assertTensors(Object.entries(layer.stateDict()), state, 'initial')
      for (const run of runs) {
        if (kind === 'Dropout' && run.mode === 'train' && !exact) continue // which ones drop is the CPU's affair
        checkRun(layer, run, tensorOf(input), options.inplace === true)
      }
    })
  }
})

describe('CrossEntropyLoss is that of Python', () => {
  for (const { options, scores, target, loss, grad, text, keys } of fixture.losses) {
    const named = Object.entries(options).map(([name, value]) => (name === 'weight' ? name : `${name} ${value}`))
    test(`${named.join(', ') || 'defaults'}, [${scores.shape}] against ${target.dtype} [${target.shape}]`, () => {
      const criterion = new layers.CrossEntropyLoss!(decode(options))
      const x = tensorOf(scores).clone().requiresGrad_() as torch.Tensor
      const result = criterion.forward(x, tensorOf(target)) as torch.Tensor
      assertTensor(result, loss, 'loss', exact)
      weighted(result, 1).backward()
      assertTensor(x.grad, grad, 'gradient', exact)
      assert.equal(String(criterion), text)
      assert.deepEqual(Object.keys(criterion.stateDict()), keys)
    })
  }
})

describe('wrong layers', () => {
  const refused = (make: () => unknown, code: string, message: RegExp) => {
    assert.throws(make, error => {
      assert.ok(error instanceof torch.TorchError, String(error))
      assert.equal(error.code, code)
      assert.match(error.message, message)
      return true
    })
  }
  const of = (kind: string, options: Record<string, unknown>) => () => new layers[kind]!(options)

  test('options of the wrong kind', () => {
    refused(
      of('Linear', { inFeatures: 'a', outFeatures: 2 }),
      'ERR_INVALID_ARG_TYPE',
      /^Linear: 'inFeatures' must be an integer, got the string 'a'$/,
    )
    refused(
      of('Linear', { inFeatures: 2.5, outFeatures: 2 }),
      'ERR_INVALID_ARG_TYPE',
      /must be an integer, got the number 2.5/,
    )
    refused(
      of('Linear', { inFeatures: 1, outFeatures: 2, bias: 1 }),
      'ERR_INVALID_ARG_TYPE',
      /'bias' must be a boolean/,
    )
    refused(
      of('Conv2d', { inChannels: 1, outChannels: 1, kernelSize: [1, 2, 3] }),
      'ERR_INVALID_ARG_TYPE',
      /^Conv2d: 'kernelSize' must be an integer or a pair of integers, got an array/,
    )
    refused(
      of('BatchNorm2d', { numFeatures: 1, momentum: 'x' }),
      'ERR_INVALID_ARG_TYPE',
      /'momentum' must be a number or null/,
    )
    refused(
      of('CrossEntropyLoss', { weight: 3 }),
      'ERR_INVALID_ARG_TYPE',
      /^CrossEntropyLoss: 'weight' must be a tensor or null, got the number 3$/,
    )
    refused(of('Softmax', { dim: '1' }), 'ERR_INVALID_ARG_TYPE', /'dim' must be an integer or null/)
    refused(
      of('Linear', { inFeatures: 1, outFeatures: 2, dtype: 'float31' }),
      'ERR_INVALID_ARG_TYPE',
      /did you mean 'float32'/,
    )
  })

  test('options that nobody reads, and ones that lack', () => {
    refused(
      of('Conv2d', { inChannels: 1, outChannels: 1, kernelSize: 1, strides: 2 }),
      'ERR_UNKNOWN_OPTION',
      /did you mean 'stride'/,
    )
    refused(of('Linear', { inFeatures: 1 }), 'ERR_INVALID_ARG_TYPE', /Linear needs 'outFeatures'/)
  })

  test('values that cannot be, in the words of Python', () => {
    const conv = { inChannels: 2, outChannels: 4, kernelSize: 3 }
    refused(of('Conv2d', { ...conv, groups: 0 }), 'ERR_INVALID_ARG_VALUE', /groups must be a positive integer/)
    refused(of('Conv2d', { ...conv, groups: 3 }), 'ERR_INVALID_ARG_VALUE', /in_channels must be divisible by groups/)
    refused(
      of('Conv2d', { ...conv, outChannels: 3, groups: 2 }),
      'ERR_INVALID_ARG_VALUE',
      /out_channels must be divisible by groups/,
    )
    refused(
      of('Conv2d', { ...conv, padding: 'same', stride: 2 }),
      'ERR_INVALID_ARG_VALUE',
      /padding='same' is not supported for strided convolutions/,
    )
    refused(
      of('Conv2d', { ...conv, padding: 'Same' }),
      'ERR_INVALID_ARG_VALUE',
      /'padding' must be one of 'same', 'valid', got 'Same'/,
    )
    refused(
      of('Conv2d', { ...conv, paddingMode: 'mirror' }),
      'ERR_INVALID_ARG_VALUE',
      /'paddingMode' must be one of 'zeros', 'reflect', 'replicate', 'circular'/,
    )
    refused(
      of('Dropout', { p: 1.5 }),
      'ERR_INVALID_ARG_VALUE',
      /dropout probability has to be between 0 and 1, but got 1.5/,
    )
    refused(
      of('CrossEntropyLoss', { reduction: 'avg' }),
      'ERR_INVALID_ARG_VALUE',
      /'reduction' must be one of 'none', 'mean', 'sum'/,
    )
  })

  test('inputs that do not fit name the layer', () => {
    const linear = new nn.Linear(6, 3) as unknown as AnyLayer
    refused(
      () => linear.forward(torch.ones([2, 5])),
      'ERR_LIBTORCH',
      /^Linear\(in_features=6, out_features=3, bias=True\): mat1 and mat2 shapes cannot be multiplied/,
    )
    const conv = new nn.Conv2d(1, 1, 3) as unknown as AnyLayer
    refused(
      () => conv.forward(torch.ones([1, 1, 2, 2])),
      'ERR_LIBTORCH',
      /^Conv2d\(.*Kernel size can't be greater than actual input size/,
    )
    const norm = new nn.BatchNorm2d(2) as unknown as AnyLayer
    refused(() => norm.forward(torch.ones([2, 2, 2])), 'ERR_LIBTORCH', /expected 4D input \(got 3D input\)/)
    refused(
      () => norm.forward(torch.ones([1, 2, 1, 1])),
      'ERR_LIBTORCH',
      /Expected more than 1 value per channel when training/,
    )
  })

  test('what is no tensor, and a disposed one', () => {
    const linear = new nn.Linear(2, 2) as unknown as AnyLayer
    refused(() => linear.forward(3 as never), 'ERR_INVALID_ARG_TYPE', /forward takes tensors, got the number 3/)
    refused(() => linear.forward({ shape: [2] } as never), 'ERR_INVALID_ARG_TYPE', /got an object/)
    const gone = torch.ones([2, 2])
    gone.dispose()
    refused(() => linear.forward(gone), 'ERR_DISPOSED', /disposed/)
    const criterion = new nn.CrossEntropyLoss() as unknown as AnyLayer
    refused(() => criterion.forward(torch.ones([2, 2])), 'ERR_INVALID_ARG_TYPE', /takes 2 tensors/)
  })
})

describe('the tensors of a layer', () => {
  test('are the same objects each time, and leaves that require gradients', () => {
    const linear = new nn.Linear(3, 2)
    assert.equal(linear.weight, linear.weight)
    assert.ok(linear.weight instanceof nn.Parameter)
    assert.equal(linear.weight.requiresGrad && linear.weight.isLeaf, true)
    assert.deepEqual(linear.weight.shape, [2, 3])
    assert.equal(new nn.Linear(3, 2, { bias: false }).bias, null)
  })

  test('can be set, by parameters alone', () => {
    const linear = new nn.Linear(2, 2)
    const weight = new nn.Parameter(
      torch.tensor([
        [1, 2],
        [3, 4],
      ]),
    )
    linear.weight = weight
    linear.bias = null
    assert.deepEqual(linear.forward(torch.tensor([[1, 1]])).tolist(), [[3, 7]])
    assert.deepEqual(linear.parameters(), [weight])
    assert.deepEqual(Object.keys(linear.stateDict()), ['weight'])
    const assign = (value: unknown) => () => {
      ;(linear as unknown as { weight: unknown }).weight = value
    }
    assert.throws(assign(torch.ones([2, 2])), {
      code: 'ERR_INVALID_ARG_TYPE',
      message: /cannot assign an instance of Tensor as parameter 'weight' \(torch.nn.Parameter or null expected\)/,
    })
    assert.throws(assign(3), { code: 'ERR_INVALID_ARG_TYPE' })
    const norm = new nn.BatchNorm2d(2)
    norm.running_mean = torch.tensor([5, 6])
    norm.eval()
    for (const value of norm.forward(torch.tensor([[[[5]], [[6]]]])).toTypedArray()) assert.ok(Math.abs(value) < 1e-6)
    assert.throws(() => Object.assign(norm, { running_mean: [1, 2] }), {
      code: 'ERR_INVALID_ARG_TYPE',
      message: /buffer 'running_mean'/,
    })
  })

  test('are shared between layers that are given the same', () => {
    const encoder = new nn.Linear(2, 2, { bias: false })
    const decoder = new nn.Linear(2, 2, { bias: false })
    decoder.weight = encoder.weight
    const both = new nn.ModuleList([encoder, decoder])
    assert.deepEqual(both.parameters(), [encoder.weight])
    decoder
      .forward(encoder.forward(torch.ones([1, 2])))
      .sum()
      .backward()
    assert.deepEqual(encoder.weight.grad!.shape, [2, 2])
  })

  test('outlive the layer and the scope that they were made in', () => {
    const weight = torch.tidy(() => {
      const made = new nn.Linear(2, 2)
      return { made }
    }).made.weight
    assert.equal(weight.disposed, false)
    assert.deepEqual(weight.shape, [2, 2])
  })

  test('a dtype or a device leaves the random stream as Python leaves it', () => {
    const after = (options: object) => {
      torch.manualSeed(7)
      new nn.Linear(100, 3, options)
      return torch.rand([]).item()
    }
    assert.notEqual(after({ dtype: 'float64' }), after({}))
    torch.manualSeed(7)
    const untouched = torch.rand([]).item()
    assert.equal(after({ device: 'meta' }), untouched)
    assert.equal(new nn.Linear(2, 2, { device: 'meta' }).weight.device, 'meta')
  })

  test('a weight without elements draws a bias of zeros', () => {
    const conv = new nn.Conv2d(0, 3, 2)
    assert.deepEqual(
      [conv.weight.shape, conv.bias!.tolist()],
      [
        [3, 0, 2, 2],
        [0, 0, 0],
      ],
    )
    assert.equal(conv.weight.requiresGrad && conv.bias!.requiresGrad, true)
  })

  test('a device that is not there', { skip: torch.cuda.isAvailable() && 'there is a GPU here' }, () => {
    assert.throws(() => new nn.Linear(2, 2, { device: 'cuda' }), { code: 'ERR_CUDA_UNAVAILABLE' })
  })
})
