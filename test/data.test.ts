import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { fashionMnist, trainTestSplit } from '../src/data'
import type { Tensor } from '../src/tensor'

test('the sample: shapes, dtypes, and ten classes with names', async () => {
  const said: string[] = []
  const [[trainX, trainY], [testX, testY]] = await fashionMnist.loadData({
    sample: true,
    onProgress: ({ message }) => said.push(message),
  })
  assert.deepEqual(
    [trainX.shape, trainY.shape, testX.shape, testY.shape],
    [[1000, 28, 28], [1000], [200, 28, 28], [200]],
  )
  for (const tensor of [trainX, trainY, testX, testY]) assert.equal(tensor.dtype, 'uint8')
  assert.deepEqual(said.length, 1)
  const labels = new Set(trainY.tolist())
  assert.deepEqual([...labels].sort(), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  // The very first image of the training set is an ankle boot.
  assert.equal(fashionMnist.classes[trainY.tolist()[0]!], 'Ankle boot')
  assert.equal(fashionMnist.classes.length, 10)
  assert.equal(trainX.at(0).sum().item(), 76247)
})

test('what the article does with the data has the types it needs', async () => {
  const checkTypes = async (data: typeof fashionMnist) => {
    const [[trainX, trainY]] = await data.loadData()
    const first: Tensor<[60000, 28, 28], 'uint8'> = trainX
    const [tx, vx, ty, vy] = trainTestSplit(first, trainY, { testSize: 0.1, randomState: 0 })
    const x: Tensor<[54000, 1, 28, 28], 'float32'> = tx.reshape([54000, 1, 28, 28]).float()
    const y: Tensor<[number], 'int64'> = ty.long()
    const part: Tensor<[number, 28, 28], 'uint8'> = vx
    const labels: Tensor<[number], 'uint8'> = vy
    return [x, y, part, labels]
  }
  assert.equal(typeof checkTypes, 'function')
  const [[trainX, trainY]] = await fashionMnist.loadData({ sample: true })
  const [tx, vx, ty, vy] = trainTestSplit(trainX, trainY, { testSize: 0.1, randomState: 0 })
  assert.deepEqual(tx.reshape([900, 1, 28, 28]).float().shape, [900, 1, 28, 28])
  assert.deepEqual([vx.shape, ty.long().shape, vy.dtype], [[100, 28, 28], [900], 'uint8'])
})

test('a folder is taken or refused', async () => {
  const root = join(__dirname, '../src/data/sample')
  await assert.rejects(fashionMnist.loadData({ root }), {
    code: 'ERR_DATA',
    message: /expected 60000 x 28 x 28 elements, found 1000/,
  })
})

test('options that are refused', async () => {
  const loadData = fashionMnist.loadData as (options: unknown) => Promise<unknown>
  await assert.rejects(loadData({ rood: 'x' }), { code: 'ERR_UNKNOWN_OPTION', message: /did you mean 'root'/ })
  await assert.rejects(loadData('folder'), {
    code: 'ERR_INVALID_ARG_TYPE',
    message: /one options object, got the string/,
  })
  for (const options of [{ root: 5 }, { sample: 'yes' }, { download: 1 }, { signal: {} }, { onProgress: true }]) {
    const name = Object.keys(options)[0]!
    await assert.rejects(loadData(options), { code: 'ERR_INVALID_ARG_TYPE', message: new RegExp(`'${name}' must be`) })
  }
  await assert.rejects(loadData({ sample: true, signal: AbortSignal.abort() }), { name: 'AbortError' })
})
