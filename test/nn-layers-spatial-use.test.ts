/* How spatial and normalising layers behave beyond their numbers: wrong input, containers, trainings, state dicts. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as torch from '../src/index'
import { nn, optim, type Tensor, train } from '../src/index'
import { handlesLeft } from './reference/handles'

type AnyLayer = nn.Module & { forward(...inputs: unknown[]): Tensor }
const layers = nn as unknown as Record<string, new (...options: unknown[]) => AnyLayer>
const F = nn.functional as unknown as Record<string, (...args: unknown[]) => Tensor>

const made = (kind: string, ...options: unknown[]) => new layers[kind]!(...options)
const rand = (...shape: number[]) => torch.rand(shape) as Tensor

function refused(action: () => unknown, code: string, message: RegExp): void {
  assert.throws(action, error => {
    assert.ok(error instanceof torch.TorchError, String(error))
    assert.equal(error.code, code)
    assert.match(error.message, message)
    return true
  })
}

describe('wrong options of spatial and normalising layers', () => {
  it('that are of the wrong kind', () => {
    const wrong: [string, unknown[], RegExp][] = [
      ['Conv1d', [1, 1, [1, 2]], /^Conv1d: 'kernelSize' must be an integer or an array of one integer, got an array/],
      ['Conv3d', [1, 1, [1, 2]], /^Conv3d: 'kernelSize' must be an integer or an array of 3 integers/],
      ['Conv1d', [1, 'a', 1], /^Conv1d: 'outChannels' must be an integer, got the string 'a'$/],
      ['Conv1d', [1, 1, 1, { bias: 1 }], /^Conv1d: 'bias' must be a boolean/],
      ['ConvTranspose2d', [1, 1, 1.5], /'kernelSize' must be an integer or a pair of integers, got the number 1.5/],
      ['Conv1d', [1, 1, 1, { dtype: 'float31' }], /did you mean 'float32'/],
      ['LayerNorm', ['4'], /^LayerNorm: 'normalizedShape' must be an integer or an array of integers/],
      ['BatchNorm1d', [4, { momentum: 'x' }], /'momentum' must be a number/],
      ['GroupNorm', [0, 4], /'numGroups' must be an integer of at least 1/],
      ['AvgPool2d', [2, { ceilMode: 1 }], /'ceilMode' must be a boolean/],
      ['AdaptiveAvgPool2d', [[1, 'a']], /'outputSize' must be an integer or a pair of integers, or nulls/],
      ['ReflectionPad2d', [[1, 2]], /'padding' must be an integer or an array of 4 integers/],
      ['FractionalMaxPool2d', [2, { outputRatio: [0.5] }], /'outputRatio' must be a number, an array of 2, or null/],
      ['Upsample', [{ scaleFactor: '2' }], /'scaleFactor' must be a number/],
      ['Unflatten', [1, 4], /'unflattenedSize' must be an array of integers/],
      ['Dropout1d', ['x'], /^Dropout1d: 'p' must be a number/],
      ['ConstantPad1d', [1], /^ConstantPad1d needs 'value'$/],
      ['AvgPool1d', [2, 2, 0, false, true, 3], /takes at most 5 arguments/],
    ]
    for (const [kind, options, message] of wrong) {
      refused(() => made(kind, ...options), 'ERR_INVALID_ARG_TYPE', message)
    }
  })

  it('that nobody reads', () => {
    const unknown: [string, unknown[], RegExp][] = [
      ['LayerNorm', [4, { elementwiseAfine: false }], /did you mean 'elementwiseAffine'/],
      ['MaxPool3d', [2, { strides: 2 }], /did you mean 'stride'/],
      ['AvgPool1d', [2, { divisorOverride: 2 }], /^AvgPool1d has no option 'divisorOverride'/],
    ]
    for (const [kind, options, message] of unknown) {
      refused(() => made(kind, ...options), 'ERR_UNKNOWN_OPTION', message)
    }
  })

  it('whose values cannot be, in the words of Python', () => {
    const wrong: [string, unknown[], RegExp][] = [
      ['Conv1d', [2, 4, 3, { groups: 0 }], /groups must be a positive integer/],
      ['Conv3d', [2, 4, 3, { groups: 3 }], /in_channels must be divisible by groups/],
      ['ConvTranspose1d', [2, 3, 3, { groups: 2 }], /out_channels must be divisible by groups/],
      ['Conv1d', [2, 4, 3, { padding: 'same', stride: 2 }], /padding='same' is not supported for strided convolutions/],
      ['Conv1d', [2, 4, 3, { padding: 'Same' }], /'padding' must be one of 'same', 'valid', got 'Same'/],
      ['Conv3d', [2, 4, 3, { paddingMode: 'mirror' }], /'paddingMode' must be one of 'zeros', /],
      ['ConvTranspose2d', [2, 4, 3, { paddingMode: 'reflect' }], /Only "zeros" padding mode is supported/],
      ['GroupNorm', [3, 4], /num_channels \(4\) must be divisible by num_groups \(3\)/],
      ['Dropout2d', [1.5], /dropout probability has to be between 0 and 1, but got 1.5/],
      ['AlphaDropout', [Number.NaN], /dropout probability has to be between 0 and 1/],
      ['FractionalMaxPool2d', [2], /FractionalMaxPool2d requires specifying either an output size, or a pooling ratio/],
      ['FractionalMaxPool2d', [2, 2, 0.5], /only one of output_size and output_ratio may be specified/],
      ['FractionalMaxPool3d', [2, null, 1], /output_ratio must be between 0 and 1 \(got 1\)/],
      ['FractionalMaxPool3d', [0, 2], /kernel_size must be greater than 0, but got 0/],
      ['Upsample', [{ size: 2, mode: 'cubic' }], /'mode' must be one of 'nearest'/],
    ]
    for (const [kind, options, message] of wrong) {
      refused(() => made(kind, ...options), 'ERR_INVALID_ARG_VALUE', message)
    }
  })
})

describe('wrong input of spatial and normalising layers', () => {
  const value: [string, unknown[], unknown[], RegExp][] = [
    ['BatchNorm1d', [3], [rand(2, 3, 4, 5)], /expected 2D or 3D input \(got 4D input\)/],
    ['BatchNorm3d', [3], [rand(2, 3, 4, 5)], /expected 5D input \(got 4D input\)/],
    ['BatchNorm1d', [3], [rand(1, 3)], /Expected more than 1 value per channel when training, got input size \[1, 3\]/],
    ['InstanceNorm1d', [3], [rand(3)], /expected 2D or 3D input \(got 1D input\)/],
    ['InstanceNorm2d', [3, { affine: true }], [rand(4, 2, 2)], /dim=0 to match num_features \(3\), but got: 4/],
    ['InstanceNorm1d', [3], [rand(2, 3, 1)], /Expected more than 1 spatial element when training/],
    ['GroupNorm', [3, 3], [rand(1, 3)], /Expected more than 1 value per channel when training/],
    ['LocalResponseNorm', [2], [rand(2, 3)], /Expected 3D or higher dimensionality/],
    ['CircularPad2d', [1], [rand(2, 2)], /expected 3D or 4D input \(got 2D input\)/],
    ['Upsample', [], [rand(1, 1, 2)], /either size or scale_factor should be defined/],
    ['Upsample', [{ size: 2, scaleFactor: 2 }], [rand(1, 1, 2)], /only one of size or scale_factor/],
    [
      'Upsample',
      [{ size: 2, mode: 'linear' }],
      [rand(1, 1, 2, 2)],
      /Only 3D, 4D and 5D .* \(got 4D\) .* \(got linear\)/,
    ],
    ['Upsample', [{ size: [2, 2] }], [rand(1, 1, 2)], /must have the same number of spatial dimensions/],
    ['Upsample', [{ size: 2, alignCorners: true }], [rand(1, 1, 2)], /align_corners option can only be set/],
    ['ConvTranspose1d', [1, 1, 3, { stride: 2 }], [rand(1, 1, 4), [8]], /valid sizes range from \[9\] to \[10\]/],
    ['ConvTranspose1d', [1, 1, 3], [rand(1, 1, 4), [8, 8]], /output_size must have 1 or 3 elements \(got 2\)/],
    ['MaxUnpool1d', [2], [rand(1, 2), torch.zeros([1, 2], { dtype: 'int64' }), [9]], /dim 0 must be between 2 and 6/],
    ['AdaptiveAvgPool2d', [[null, 2]], [rand(2, 2)], /Input dimension should be at least 3/],
  ]
  for (const [kind, options, inputs, message] of value) {
    it(`${kind}: ${message.source}`, () => {
      refused(() => made(kind, ...options).forward(...inputs), 'ERR_INVALID_ARG_VALUE', message)
    })
  }

  it('that libtorch refuses, with the name of the layer', () => {
    const wrong: [string, unknown[], Tensor, RegExp][] = [
      ['Conv1d', [2, 4, 3], rand(1, 3, 5), /^Conv1d\(2, 4, kernel_size=\(3,\), stride=\(1,\)\): .*channels/],
      ['LayerNorm', [4], rand(2, 3), /^LayerNorm\(\(4,\), .*normalized_shape/],
      ['MaxPool3d', [2], rand(2, 3), /^MaxPool3d\(/],
      ['Dropout1d', [], rand(2, 3, 4, 5), /^Dropout1d\(p=0.5, inplace=False\): dropout1d: Expected 2D or 3D input/],
      ['PixelShuffle', [2], rand(1, 3, 2, 2), /^PixelShuffle\(upscale_factor=2\): /],
      ['Unflatten', [1, [2, 2]], rand(1, 3), /^Unflatten\(dim=1, unflattened_size=\(2, 2\)\): /],
      ['ReflectionPad1d', [4], rand(1, 3), /^ReflectionPad1d\(\(4, 4\)\): /],
    ]
    for (const [kind, options, input, message] of wrong) {
      refused(() => made(kind, ...options).forward(input), 'ERR_LIBTORCH', message)
    }
  })

  it('that is no tensor, or disposed', () => {
    const norm = made('LayerNorm', 4)
    refused(
      () => norm.forward([1, 2, 3, 4]),
      'ERR_INVALID_ARG_TYPE',
      /LayerNorm\(.*\): forward takes tensors, got an array/,
    )
    refused(() => norm.forward(), 'ERR_INVALID_ARG_TYPE', /forward takes tensors, got undefined/)
    refused(
      () => made('MaxUnpool1d', 2).forward(rand(1, 2), 3),
      'ERR_INVALID_ARG_TYPE',
      /'indices' must be a tensor, got the number 3/,
    )
    refused(
      () => made('ConvTranspose1d', 1, 1, 1).forward(rand(1, 2), 3),
      'ERR_INVALID_ARG_TYPE',
      /'outputSize' must be an array of integers, got the number 3/,
    )
    const x = rand(2, 4)
    x.dispose()
    refused(() => norm.forward(x), 'ERR_DISPOSED', /disposed/)
  })

  it('of functions', () => {
    const x = rand(2, 4, 6)
    refused(() => F.layerNorm!(x, 6), 'ERR_INVALID_ARG_TYPE', /'normalizedShape' must be an array of integers/)
    refused(
      () => F.batchNorm!(x, null, null, { training: true, eps: 0 }),
      'ERR_INVALID_ARG_VALUE',
      /eps must be positive/,
    )
    refused(() => F.groupNorm!(x, 0), 'ERR_LIBTORCH', /./)
    refused(() => F.avgPool1d!(x), 'ERR_INVALID_ARG_TYPE', /avgPool1d needs 'kernelSize'/)
    refused(() => F.maxPool1d!(x, 2, { strid: 1 }), 'ERR_UNKNOWN_OPTION', /did you mean 'stride'/)
    refused(() => F.affineGrid!(rand(2, 2, 3), [2, 1, 0, 3]), 'ERR_INVALID_ARG_VALUE', /Expected non-zero, positive/)
    refused(() => F.affineGrid!(rand(2, 3, 3), [2, 1, 4, 3]), 'ERR_INVALID_ARG_VALUE', /Nx2x3 for size \[2, 1, 4, 3\]/)
    refused(() => F.gridSample!(x, x, { mode: 'cubic' }), 'ERR_INVALID_ARG_VALUE', /'mode' must be one of 'bilinear'/)
    refused(() => F.fractionalMaxPool2d!(x, 2), 'ERR_INVALID_ARG_VALUE', /requires specifying either an output_size/)
    refused(() => F.interpolate!(3, 2), 'ERR_INVALID_ARG_TYPE', /'input' must be a tensor, got the number 3/)
  })
})

describe('the norm pools of infinite power', () => {
  it('are max pools of the absolute values', () => {
    const x = torch.randn([2, 3, 8])
    const largest = nn.functional.maxPool1d(x.abs(), 2)
    assert.deepEqual(new nn.LPPool1d(Number.POSITIVE_INFINITY, 2).forward(x).tolist(), largest.tolist())
    const least = nn.functional.maxPool1d(x.abs().neg(), 2).neg()
    assert.deepEqual(new nn.LPPool1d(Number.NEGATIVE_INFINITY, 2).forward(x).tolist(), least.tolist())
  })
})

describe('what lies between spatial and normalising layers', () => {
  const stack = () =>
    [
      new nn.Conv2d(1, 4, 3, { padding: 1 }),
      new nn.InstanceNorm2d(4, { affine: true }),
      new nn.ReflectionPad2d(1),
      new nn.GroupNorm(2, 4),
      new nn.LPPool2d(2, 2),
      new nn.LocalResponseNorm(2),
      new nn.Dropout2d(0.5).eval(),
      new nn.ConvTranspose2d(4, 2, 2, { stride: 2 }),
      new nn.Upsample({ scaleFactor: 2 }),
      new nn.AdaptiveMaxPool2d(3),
      new nn.Flatten(),
      new nn.Unflatten(1, [2, 9]),
      new nn.Conv1d(2, 2, 3, { padding: 1, paddingMode: 'circular' }),
      new nn.BatchNorm1d(2),
    ] as const
  it('is freed at once, in a Sequential and in each layer', async () => {
    const net = new nn.Sequential(...stack())
    const x = torch.rand([2, 1, 8, 8])
    assert.equal(await handlesLeft(() => net.forward(x)), 1)
    const y: Tensor<[2, 2, 9], 'float32'> = net.forward(x)
    assert.deepEqual(y.shape, [2, 2, 9])
    assert.ok(x.sum().item() > 0, "the input is the caller's")
    assert.equal(await handlesLeft(() => torch.nn.functional.normalize(x)), 1)
    assert.equal(await handlesLeft(() => new nn.FractionalMaxPool2d(2, 3).forward(x)), 1)
    assert.equal(await handlesLeft(() => new nn.MaxPool1d(2, { returnIndices: true }).forward(torch.rand([1, 4]))), 3)
  })

  it('has the same numbers and gradients', () => {
    const all = stack()
    const x = torch.rand([2, 1, 8, 8], { requiresGrad: true })
    const weights = torch.rand([2, 2, 9])
    const chained = all.reduce((y: Tensor, layer) => (layer as AnyLayer).forward(y), x as Tensor)
    const [expected] = torch.autograd.grad([chained.mul(weights).sum() as Tensor], [x])
    const net = new nn.Sequential(...all)
    const result = net.forward(x)
    assert.deepEqual(result.tolist(), chained.tolist())
    result.mul(weights).sum().backward()
    assert.deepEqual(x.grad!.tolist(), expected!.tolist())
  })

  it('stays where a subclass may hold it', () => {
    const seen: Tensor[] = []
    class Kept extends nn.GroupNorm<4> {
      override forward(x: never): never {
        seen.push(x)
        return super.forward(x) as never
      }
    }
    class Watched extends nn.ZeroPad1d<1> {
      protected override run(...inputs: unknown[]): unknown {
        seen.push(inputs[0] as Tensor)
        return super.run(...inputs)
      }
    }
    for (const layer of [new Kept(2, 4), new Watched(1)] as nn.Module[]) {
      new nn.Sequential(...[new nn.ZeroPad1d(1), layer, new nn.ZeroPad1d(1)]).forward(torch.rand([2, 4, 3]))
    }
    assert.deepEqual(
      seen.map(tensor => tensor.tolist().length),
      [2, 2],
    )
  })
})

describe('spatial and normalising layers in a training', () => {
  class Spatial extends nn.Module {
    first = new nn.Conv2d(1, 4, 3)
    norm = new nn.GroupNorm(2, 4)
    pool = new nn.AvgPool2d(2)
    drop = new nn.Dropout2d(0.3)
    lines = new nn.Conv1d(4, 6, 3, { padding: 1, paddingMode: 'circular' })
    batch = new nn.BatchNorm1d(6)
    back = new nn.ConvTranspose1d(6, 3, 2, { stride: 2 })
    means = new nn.BatchNorm1d(3, { momentum: null })
    small = new nn.AdaptiveAvgPool1d(10)
    last = new nn.LayerNorm(30)
    head = new nn.Linear(30, 10)
    forward(x: Tensor<[number, 1, 28, 28]>) {
      const images = this.drop.forward(this.pool.forward(this.norm.forward(this.first.forward(x)))) // [N, 4, 13, 13]
      const rows = this.batch.forward(this.lines.forward(images.flatten(2))) // [N, 6, 169]
      const wide = this.small.forward(this.means.forward(this.back.forward(rows))) // [N, 3, 10]
      return this.head.forward(this.last.forward(wide.flatten(1)))
    }
  }
  const bits = (model: nn.Module) =>
    Object.entries(model.stateDict()).map(([name, tensor]) => [name, (tensor as Tensor).tolist()])

  it('give the bits of the loop at once', async () => {
    torch.manualSeed(3)
    const x = torch.rand([32, 1, 28, 28])
    const y = torch.arange(32).remainder(10) as Tensor<[number], 'int64'>
    const valX = torch.rand([8, 1, 28, 28])
    const valY = torch.arange(8) as Tensor<[number], 'int64'>

    torch.manualSeed(4)
    const expected = new Spatial()
    const optimizer = new optim.Adam(expected.parameters(), { lr: 0.01 })
    const criterion = new nn.CrossEntropyLoss()
    const losses: number[] = []
    for (let epoch = 0; epoch < 3; epoch++) {
      optimizer.zeroGrad()
      const output = expected.forward(x)
      torch.noGrad(() => expected.forward(valX))
      const loss = criterion.forward(output, y)
      losses.push(loss.item())
      loss.backward()
      optimizer.step()
    }

    torch.manualSeed(4)
    const model = new Spatial()
    const history = await train(
      model,
      { train: [x, y], validation: [valX, valY] },
      { epochs: 3, optimizer: new optim.Adam(model.parameters(), { lr: 0.01 }) },
    )
    assert.deepEqual(history.trainLosses, losses)
    assert.deepEqual(bits(model), bits(expected))
    assert.equal(model.batch.numBatchesTracked!.item(), 6)
  })

  it('have their running statistics computed anew by updateBn', () => {
    const model = new nn.Sequential(new nn.BatchNorm1d(3), new nn.ReLU())
    const batches = [torch.randn([8, 3]), torch.randn([8, 3])]
    model.forward(torch.randn([8, 3]).add(100))
    optim.swaUtils.updateBn(batches, model)
    const mean = torch.stack(batches.map(batch => batch.mean(0)) as Tensor[]).mean(0)
    const [norm] = model
    const difference = (norm as nn.BatchNorm1d<3>).runningMean!.sub(mean).abs().max().item()
    assert.ok(difference < 1e-6, `off by ${difference}`)
    assert.equal((norm as nn.BatchNorm1d<3>).momentum, 0.1)
  })
})

describe('the state of normalising layers', () => {
  it('is loaded from dictionaries of before the count of batches', () => {
    const norm = new nn.BatchNorm1d(2)
    norm.forward(torch.rand([4, 2]))
    const { num_batches_tracked: _, ...old } = norm.stateDict()
    const other = new nn.BatchNorm1d(2)
    other.loadStateDict(old)
    assert.deepEqual(other.runningMean!.tolist(), norm.runningMean!.tolist())
    assert.equal(other.numBatchesTracked!.item(), 0)
    assert.throws(() => other.loadStateDict({}), { code: 'ERR_STATE_DICT', message: /Missing key\(s\).*"weight"/ })
  })

  it('has statistics that nobody tracks refused, in the words of Python', () => {
    const tracked = { ...new nn.InstanceNorm1d(2, { trackRunningStats: true }).stateDict() }
    const plain = new nn.InstanceNorm1d(2)
    assert.throws(() => plain.loadStateDict(tracked), {
      code: 'ERR_STATE_DICT',
      message:
        /Unexpected running stats buffer\(s\) "running_mean" and "running_var" for InstanceNorm1d with track_running_stats=False\. /,
    })
  })

  it('moves with the layer, and is given back by resetParameters', () => {
    const norm = new nn.BatchNorm3d(2).double()
    norm.forward(torch.rand([2, 2, 2, 2, 2], { dtype: 'float64' }))
    assert.equal(norm.runningMean!.dtype, 'float64')
    assert.equal(norm.numBatchesTracked!.dtype, 'int64')
    norm.resetParameters()
    assert.deepEqual(norm.runningMean!.tolist(), [0, 0])
    assert.deepEqual(norm.runningVar!.tolist(), [1, 1])
    assert.equal(norm.numBatchesTracked!.item(), 0)
  })

  it('outlives a tidy scope in which it was made and used', () => {
    const norm = torch.tidy(() => {
      const made = new nn.BatchNorm1d(2)
      made.forward(torch.rand([4, 2]))
      return made
    })
    assert.equal(norm.numBatchesTracked!.item(), 1)
    assert.deepEqual(norm.weight!.tolist(), [1, 1])
  })
})
