/*
 * Three networks, trained here and in Python with one thread. They run the same kernels of libtorch, so on the processor
 * that made the fixture everything is equal bit for bit: text, initial values, outputs in eval mode, with and without
 * gradients (where a transformer is computed by other kernels), all losses, and the parameters after five steps. On another
 * processor kernels sum in other orders: losses are within 1e-4 in the first five steps, and within 1e-2 after them.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as torch from '../src/index'
import { nn, optim, type Tensor } from '../src/index'
import { CharacterModel, images, ResNet, SentenceClassifier, sentences, text } from './programs/networks'
import { assertTensor, isExact, readFixture, type TensorFixture } from './reference/tensors'

interface Training {
  text: string
  noGrad: TensorFixture
  evaluated: TensorFixture
  losses: number[]
  after5: Record<string, TensorFixture>
  parameters: number
}

type Name = 'resnet' | 'lstm' | 'transformer'
type Model = nn.Module & { forward(x: Tensor): Tensor }

const fixture = readFixture<Record<Name, Training>>('networks')
const exact = isExact(fixture)

const NETWORKS: Record<
  Name,
  { make(): nn.Module; data(): [Tensor, Tensor]; optimizer(p: nn.Parameter[]): optim.Optimizer }
> = {
  resnet: {
    make: () => new ResNet(),
    data: images,
    optimizer: parameters => new optim.SGD(parameters, { lr: 0.05, momentum: 0.9, weightDecay: 1e-4 }),
  },
  lstm: {
    make: () => new SentenceClassifier(),
    data: sentences,
    optimizer: parameters => new optim.Adam(parameters, { lr: 0.01 }),
  },
  transformer: {
    make: () => new CharacterModel(),
    data: text,
    optimizer: parameters => new optim.AdamW(parameters, { lr: 0.005 }),
  },
}

const criterion = (output: Tensor, y: Tensor): Tensor =>
  nn.functional.crossEntropy(output.flatten(0, -2), y.flatten()) as Tensor

describe('three networks are trained as in Python', () => {
  for (const name of ['resnet', 'lstm', 'transformer'] as const) {
    test(`${name}: text, outputs, losses, parameters`, t => {
      const expected = fixture[name]
      const threads = torch.getNumThreads()
      torch.setNumThreads(fixture.threads)
      t.after(() => torch.setNumThreads(threads))
      const { make, data, optimizer: optimizerOf } = NETWORKS[name]
      torch.manualSeed(7)
      const model = make() as Model
      const [x, y] = data()
      assert.equal(String(model), expected.text)
      const count = model.parameters().reduce((sum, parameter) => sum + parameter.numel(), 0)
      assert.equal(count, expected.parameters)

      model.eval()
      const firstTwo = (output: Tensor): Tensor => output.narrow(0, 0, 2).contiguous()
      assertTensor(firstTwo(torch.noGrad(() => model.forward(x))), expected.noGrad, 'output without gradients', exact)
      assertTensor(firstTwo(model.forward(x)), expected.evaluated, 'output in eval mode', exact)
      model.train()

      const optimizer = optimizerOf(model.parameters())
      const losses: number[] = []
      expected.losses.forEach((_, step) => {
        optimizer.zeroGrad()
        const loss = criterion(model.forward(x), y)
        loss.backward()
        if (name === 'lstm') nn.utils.clipGradNorm_(model.parameters(), 1)
        optimizer.step()
        losses.push(loss.item())
        if (step !== 4) return
        const state = model.stateDict()
        for (const [key, value] of Object.entries(expected.after5)) assertTensor(state[key], value, key, exact)
      })
      if (exact) assert.deepEqual(losses, expected.losses)
      losses.forEach((loss, step) => {
        const bound = step < 5 ? 1e-4 : 1e-2
        assert.ok(
          Math.abs(loss - expected.losses[step]!) <= bound,
          `step ${step}: ${loss}, not ${expected.losses[step]}`,
        )
      })
      assert.ok(losses.at(-1)! < losses[0]! * 0.75, `learnt from ${losses[0]} to ${losses.at(-1)}`)
    })
  }

  test('and by train, in the operator queue, as by the loop', async () => {
    const queued = async (model: ResNet, [x, y]: ReturnType<typeof images>) => {
      const optimizer = NETWORKS.resnet.optimizer(model.parameters())
      const data = { train: [x, y], validation: [x, y] } as const
      const { trainLosses } = await torch.train(model, data, { epochs: 4, optimizer })
      return trainLosses
    }
    torch.manualSeed(7)
    const losses = await queued(new ResNet(), images())
    torch.manualSeed(7)
    const model = new ResNet()
    const [x, y] = images()
    const optimizer = NETWORKS.resnet.optimizer(model.parameters())
    const atOnce = losses.map(() => {
      optimizer.zeroGrad()
      const loss = criterion(model.forward(x), y)
      torch.noGrad(() => model.forward(x))
      loss.backward()
      optimizer.step()
      return loss.item()
    })
    assert.deepEqual(losses, atOnce)
  })
})
