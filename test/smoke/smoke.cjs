// What must hold under every supported Node with one and the same binary. Prints one JSON line; exits non-zero otherwise.
const assert = require('node:assert/strict')
const { Worker, isMainThread, parentPort } = require('node:worker_threads')
const torch = require('../../dist')

/** Basic finalizers lie outside Node-API's promise of a stable ABI: whether they run is what this asks first. */
function tensorsAreFreedInSynchronousLoops() {
  const before = torch.memory.stats().tensors
  const x = torch.ones([4, 4])
  let most = 0
  for (let i = 0; i < 200_000; i++) {
    x.add(x)
    if (i % 1000 === 0) most = Math.max(most, torch.memory.stats().tensors - before)
  }
  torch.memory.collect()
  const left = torch.memory.stats().tensors - before
  assert.ok(most < 100_000, `${most} tensors alive in the loop`)
  assert.ok(left < 100, `${left} tensors alive after a collection`)
  return most
}

function operatorsAndErrors() {
  const a = torch.tensor([
    [1, 2],
    [3, 4],
  ])
  assert.deepEqual(a.matmul(a).tolist(), [
    [7, 10],
    [15, 22],
  ])
  assert.throws(() => a.matmul(torch.ones([3, 3])), { code: 'ERR_LIBTORCH' })
  const x = torch.tensor([2, 3], { requiresGrad: true })
  x.mul(x).sum().backward()
  assert.deepEqual(x.grad.tolist(), [4, 6])
  const dropped = torch.ones([2])
  dropped.dispose()
  assert.throws(() => dropped.add(a), { code: 'ERR_DISPOSED' })
  assert.match(String(a), /^tensor\(\[\[1\., 2\.\],/)
}

async function training() {
  torch.manualSeed(0)
  const [[trainX, trainY]] = await torch.data.fashionMnist.loadData({ sample: true })
  const x = trainX.reshape([1000, 1, 28, 28]).float()
  const y = trainY.long()
  const model = new torch.Net()
  const optimizer = new torch.optim.Adam(model.parameters(), { lr: 0.07 })
  const { trainLosses } = await torch.train(model, { train: [x, y], validation: [x, y] }, { epochs: 2, optimizer })
  return trainLosses
}

async function main() {
  const most = tensorsAreFreedInSynchronousLoops()
  operatorsAndErrors()
  const losses = await training()
  const inWorker = await new Promise((resolve, reject) => {
    const worker = new Worker(__filename)
    worker.once('message', resolve)
    worker.once('error', reject)
  })
  assert.deepEqual(inWorker, losses, 'a worker has a generator of its own, and the same numbers')
  console.log(JSON.stringify({ node: process.version, libtorch: torch.version, most, losses }))
}

if (isMainThread) main()
else training().then(losses => parentPort.postMessage(losses))
