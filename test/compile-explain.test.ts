import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import * as torch from '../src'

const { nn } = torch

const TEXTS: Record<string, string> = {
  article: `
Net: 1 of at most 16 signatures

[64, 1, 28, 28] float32 eval: fused, 16 tiles of 4

  [1, 28, 28] input
    │
  ┌─┴─ 1 convolution + batch norm + relu + max pool ┐
  │ cnn_layers.0 (Conv2d)                           │
  │ cnn_layers.1 (BatchNorm2d)                      │
  │ cnn_layers.2 (ReLU)                             │
  │ cnn_layers.3 (MaxPool2d)                        │
  └─┬───────────────────────────────────────────────┘
    │ [4, 14, 14]
  ┌─┴─ 2 convolution + batch norm + relu + max pool ┐
  │ cnn_layers.4 (Conv2d)                           │
  │ cnn_layers.5 (BatchNorm2d)                      │
  │ cnn_layers.6 (ReLU)                             │
  │ cnn_layers.7 (MaxPool2d)                        │
  └─┬───────────────────────────────────────────────┘
    │ [4, 7, 7]
    │ flattened to [196]
  ┌─┴─ 3 linear ────────────────────────────────────┐
  │ linear_layers.0 (Linear)                        │
  └─┬───────────────────────────────────────────────┘
    │
  [10] output

  block                                         output       multiplications  read    written  not written
  --------------------------------------------  -----------  ---------------  ------  -------  -----------
  inputs side by side                                                         3136 B  3136 B
  1 convolution + batch norm + relu + max pool  [4, 14, 14]  13,456           3136 B  3136 B   13 kB
  2 convolution + batch norm + relu + max pool  [4, 7, 7]    14,400           3136 B  784 B    3600 B
  3 linear                                      [10]         1,960            784 B   40 B     -
  outputs in rows                                                             40 B    40 B
  in all                                                     29,816           10 kB   7136 B
  figures are for one input; kernels: baseline, 4 inputs side by side
  one pass over the data; scratch memory 41 kB a thread
`,
  perceptron: `
Sequential: 2 of at most 16 signatures

[8, 1, 4, 5] float32 eval: fused, 2 tiles of 4
[12, 1, 4, 5] float32 eval: fused, 3 tiles of 4

  [1, 4, 5] input
    │
    │ flattened to [20]
  ┌─┴─ 1 linear + tanh ┐
  │ 1 (Linear)         │
  │ tanh               │
  └─┬──────────────────┘
    │ [33]
  ┌─┴─ 2 linear ───────┐
  │ 3 (Linear)         │
  └─┬──────────────────┘
    │
  [3] output

  block                output  multiplications  read   written  not written
  -------------------  ------  ---------------  -----  -------  -----------
  inputs side by side                           80 B   80 B
  1 linear + tanh      [33]    660              80 B   132 B    -
  2 linear             [3]     99               132 B  12 B     -
  outputs in rows                               12 B   12 B
  in all                       759              304 B  236 B
  figures are for one input; kernels: baseline, 4 inputs side by side
  one pass over the data; scratch memory 4672 B a thread
`,
  articleTrained: `
Net, trained

[40, 1, 28, 28] float32 train, a whole step: fused, 10 tiles of 4

  [1, 28, 28] input
    │
  ┌─┴─ 1 convolution + batch norm + relu + max pool ┐
  │ cnn_layers.0 (Conv2d)                           │
  │ cnn_layers.1 (BatchNorm2d)                      │
  │ cnn_layers.2 (ReLU)                             │
  │ cnn_layers.3 (MaxPool2d)                        │
  └─┬───────────────────────────────────────────────┘
    │ [4, 14, 14]
  ┌─┴─ 2 convolution + batch norm + relu + max pool ┐
  │ cnn_layers.4 (Conv2d)                           │
  │ cnn_layers.5 (BatchNorm2d)                      │
  │ cnn_layers.6 (ReLU)                             │
  │ cnn_layers.7 (MaxPool2d)                        │
  └─┬───────────────────────────────────────────────┘
    │ [4, 7, 7]
    │ flattened to [196]
  ┌─┴─ 3 linear ────────────────────────────────────┐
  │ linear_layers.0 (Linear)                        │
  └─┬───────────────────────────────────────────────┘
    │
  [10] output

  block                                         output       multiplications  not written
  --------------------------------------------  -----------  ---------------  -----------
  1 convolution + batch norm + relu + max pool  [4, 14, 14]  13,456           13 kB
  2 convolution + batch norm + relu + max pool  [4, 7, 7]    14,400           3600 B
  3 linear                                      [10]         1,960            -
  in all, forward                                            29,816

  pass over the data       read    written
  -----------------------  ------  -------
  1 statistics of block 2  9408 B  7056 B
  2 to the loss and back   7176 B  3412 B
  3 on from block 2        21 kB   9872 B
  in all                   38 kB   20 kB
  figures are for one input; kernels: baseline, 4 inputs side by side
  block 1 has its statistics from its input's, gathered once for data that come again
  3 passes over the data; each goes on from what the last one left
  scratch memory 815 kB in all
`,
  perceptronTrained: `
Sequential, trained

[40, 1, 4, 5] float32 train, a whole step: fused, 10 tiles of 4

  [1, 4, 5] input
    │
    │ flattened to [20]
  ┌─┴─ 1 linear + tanh ┐
  │ 1 (Linear)         │
  │ tanh               │
  └─┬──────────────────┘
    │ [33]
  ┌─┴─ 2 linear ───────┐
  │ 3 (Linear)         │
  └─┬──────────────────┘
    │
  [3] output

  block            output  multiplications  not written
  ---------------  ------  ---------------  -----------
  1 linear + tanh  [33]    660              -
  2 linear         [3]     99               -
  in all, forward          759

  pass over the data      read    written
  ----------------------  ------  -------
  1 to the loss and back  1068 B  500 B
  in all                  1068 B  500 B
  figures are for one input; kernels: baseline, 4 inputs side by side
  one pass over the data; each goes on from what the last one left
  scratch memory 84 kB in all
`,
}

describe('explain', () => {
  const texts: Record<string, string> = JSON.parse(
    execFileSync(
      process.execPath,
      ['--require', 'ts-node/register/transpile-only', join(__dirname, 'programs', 'compile-explain.ts')],
      { env: { ...process.env, LIBTORCH_NODE_KERNELS: 'baseline' }, encoding: 'utf8' },
    ),
  )
  for (const [name, text] of Object.entries(TEXTS)) {
    it(`draws the blocks, and says what they read and write: ${name}`, () => {
      assert.equal(`\n${texts[name]}\n`, text)
    })
  }

  it('counts what prediction moves from the sizes', () => {
    // [1, 4, 5] is 80 bytes; 33 and 3 numbers are 132 and 12
    assert.match(texts.perceptron!, /in all +759 +304 B +236 B/)
    assert.equal(80 + 80 + 132 + 12, 304)
    assert.equal(80 + 132 + 12 + 12, 236)
  })

  it('keeps what passes make of many images where it is dear to compute', async () => {
    const told = async (channels: number, out: number, size: number, count: number) => {
      const conv = new nn.Conv2d(channels, out, 3, { padding: 1 })
      const model = new nn.Sequential(
        conv,
        new nn.BatchNorm2d(out),
        new nn.Flatten(),
        new nn.Linear(out * size ** 2, 2),
      )
      const pair = (n: number) => [torch.rand([n, channels, size, size]), torch.zeros([n], { dtype: 'int64' })] as const
      const optimizer = new torch.optim.SGD(model.parameters())
      await torch.train(model, { train: pair(count), validation: pair(1) }, { epochs: 1, optimizer, compile: true })
      return torch.explain(model)
    }
    assert.match(await told(16, 16, 32, 400), /each goes on from what the last one left/)
    assert.match(await told(1, 2, 64, 1000), /each begins at the input again/)
  })

  class Residual extends nn.Module {
    a = new nn.Conv2d(1, 2, 3)
    b = new nn.Conv2d(2, 2, 3, { padding: 1 })
    linear = new nn.Linear(72, 3)
    forward(x: torch.Tensor): torch.Tensor {
      const h = this.a.forward(x).relu()
      return this.linear.forward(this.b.forward(h).add(h).relu().flatten(1))
    }
  }

  const front = () => [new nn.Conv2d(1, 4, 3), new nn.ReLU()]
  const back = () => [new nn.MaxPool2d(2), new nn.Flatten(), new nn.Linear(36, 5)]
  const chain = (...layers: torch.nn.Module[]) => new nn.Sequential(...layers)

  /** Each network, and the lines that say why it is eager. */
  const CASES: [name: string, model: torch.nn.Module, lines: string[]][] = [
    [
      'a call that takes two tensors',
      new Residual(),
      [
        'why: aten::add.Tensor takes a second tensor',
        'where: call 4 of 7, add, of [4, 2, 6, 6]',
        'without it: calls 1 to 3 as convolution + relu, convolution; calls 5 to 7 as relu, linear',
      ],
    ],
    [
      'a call that no kernel computes',
      chain(...front(), new nn.Softmax2d(), ...back()),
      [
        'why: no kernel for aten::softmax',
        'where: call 3 of 6, softmax, of [4, 4, 6, 6]',
        'without it: calls 1 to 2 as convolution + relu; calls 4 to 6 as max pool, linear',
      ],
    ],
    [
      'a layer in a place where it is not fused',
      chain(...front(), new nn.BatchNorm2d(4), ...back()),
      [
        'why: 2 (BatchNorm2d): batch norm is fused right after a convolution or a linear layer only',
        'where: call 3 of 6, 2 (BatchNorm2d), of [4, 4, 6, 6]',
        'without it: calls 1 to 2 as convolution + relu; calls 4 to 6 as max pool, linear',
      ],
    ],
    [
      'two of them',
      chain(...front(), new nn.Softmax2d(), ...back(), new nn.Softmax(1)),
      [
        'why: no kernel for aten::softmax',
        'where: call 3 of 7, softmax, of [4, 4, 6, 6]',
        'also: call 7, 6 (Softmax)',
        'without them: calls 1 to 2 as convolution + relu; calls 4 to 6 as max pool, linear',
      ],
    ],
    [
      'nothing else',
      new nn.Softmax(1),
      ['why: no kernel for Softmax(dim=1)', 'where: call 1 of 1, Softmax, of [4, 1, 8, 8]'],
    ],
  ]

  for (const [name, model, lines] of CASES) {
    it(`tells what is in the way of fusing, where, and what would be fused without it: ${name}`, () => {
      const compiled = torch.compile(model.eval() as torch.nn.Module & { forward(x: torch.Tensor): torch.Tensor })
      torch.noGrad(() => void compiled.forward(torch.randn([4, 1, 8, 8])))
      const head = `${model.constructor.name}: 1 of at most 16 signatures\n\n[4, 1, 8, 8] float32 eval: eager`
      assert.equal(torch.explain(compiled), [head, ...lines.map(line => `  ${line}`)].join('\n'))
    })
  }
})
