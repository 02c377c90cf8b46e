import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as torch from '../src'
import { evaluate, Net, nn, type Tensor } from '../src'

function batch(n: number): [Tensor<[number, 1, 28, 28]>, Tensor<[number], 'int64'>] {
  return [torch.rand([n, 1, 28, 28]), torch.arange(n).remainder(10) as Tensor<[number], 'int64'>]
}

test('evaluate gives accuracy, predictions and the softmax, without gradients', async () => {
  const model = new Net()
  const [x, y] = batch(30)
  const logits = torch.noGrad(() => model.forward(x))
  const { accuracy, predictions, probabilities } = await evaluate(model, [x, y])
  assert.deepEqual([predictions.shape, predictions.dtype], [[30], 'int64'])
  assert.deepEqual([probabilities.shape, probabilities.dtype], [[30, 10], 'float32'])
  assert.ok(torch.equal(probabilities, logits.softmax(1)))
  assert.ok(torch.equal(predictions, logits.argmax(1)))
  assert.equal(accuracy, predictions.tolist().filter((label: number, i: number) => label === i % 10).length / 30)
  assert.equal(probabilities.requiresGrad, false)
  assert.equal(torch.isGradEnabled(), true)
})

test('asIs takes the mode that the model is in; eval gives every module its own back', async () => {
  const model = new Net()
  const data = batch(20)
  const mean = () => (model.stateDict()['cnn_layers.1.running_mean'] as Tensor).clone()
  const before = mean()
  await evaluate(model, data, { mode: 'eval' })
  assert.ok(torch.equal(before, mean()), 'eval mode leaves the running statistics')
  await evaluate(model, data)
  assert.ok(!torch.equal(before, mean()), 'train mode moves them')
  model.linear_layers.eval()
  model.cnn_layers.eval()
  await evaluate(model, data, { mode: 'eval' })
  assert.deepEqual([model.training, model.cnn_layers.training, model.linear_layers.training], [true, false, false])
  model.eval()
  await evaluate(model, data)
  assert.equal(model.training, false)
})

test('batches give what one batch gives in eval mode, and the event loop turns before each', async () => {
  const model = new Net()
  const data = batch(50)
  const whole = await evaluate(model, data, { mode: 'eval' })
  let turns = 0
  let running = true
  const count = () => {
    turns++
    if (running) setImmediate(count)
  }
  setImmediate(count)
  const parts = await evaluate(model, data, { mode: 'eval', batchSize: 8 })
  running = false
  assert.ok(turns >= 7, `${turns} turns`)
  assert.equal(parts.accuracy, whole.accuracy)
  assert.ok(torch.allclose(parts.probabilities, whole.probabilities))
  assert.deepEqual(parts.predictions.tolist(), whole.predictions.tolist())
})

test('an abort ends an evaluation between two batches with an AbortError', async () => {
  const controller = new AbortController()
  const running = evaluate(new Net(), batch(64), { batchSize: 1, signal: controller.signal })
  setImmediate(() => controller.abort('enough'))
  await assert.rejects(running, { name: 'AbortError', code: 'ABORT_ERR', cause: 'enough' })
})

test('an evaluation frees what it made but its results', async () => {
  const model = new Net()
  const data = batch(64)
  await evaluate(model, data, { batchSize: 8 })
  const before = torch.memory.stats().tensors
  const { predictions, probabilities } = await evaluate(model, data, { batchSize: 8 })
  assert.ok(torch.memory.stats().tensors - before <= 4)
  predictions.dispose()
  probabilities.dispose()
})

test('wrong arguments are refused by name', async () => {
  const model = new Net()
  const [x, y] = batch(8)
  const refuse = (data: unknown, options: object, expected: object, net: unknown = model) =>
    assert.rejects(evaluate(net as Net, data as [typeof x, typeof y], options), expected)
  await refuse([x, y], { modus: 'eval' }, { code: 'ERR_UNKNOWN_OPTION', message: /did you mean 'mode'/ })
  await refuse(
    [x, y],
    { mode: 'test' },
    { code: 'ERR_INVALID_ARG_TYPE', message: /'mode' must be one of 'asIs', 'eval'/ },
  )
  await refuse([x, y], { batchSize: 0 }, { code: 'ERR_INVALID_ARG_TYPE', message: /'batchSize' must be 'full' or/ })
  await refuse(
    [x],
    {},
    { code: 'ERR_INVALID_ARG_TYPE', message: /must be \[inputs, targets\], got an array of length 1/ },
  )
  await refuse([x, y.narrow(0, 0, 7)], {}, { code: 'ERR_INVALID_ARG_VALUE', message: /as many targets as inputs/ })
  await refuse([x, y.float()], {}, { code: 'ERR_INVALID_ARG_TYPE', message: /dtype int64, got float32/ })
  await refuse(
    [x, y.reshape([8, 1])],
    {},
    { code: 'ERR_INVALID_ARG_VALUE', message: /labels of shape \[N\], got \[8, 1\]/ },
  )
  await refuse([x, y], {}, { code: 'ERR_INVALID_ARG_TYPE', message: /expected a Module/ }, null)
  const images = new nn.Sequential(new nn.Conv2d(1, 4, 3))
  await refuse([x, y], {}, { code: 'ERR_INVALID_ARG_VALUE', message: /logits \[N, C\]/ }, images)
})
