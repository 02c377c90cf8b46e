// The same from an ECMAScript module, with named imports; and the package is one instance for both systems.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import * as torch from 'libtorch-node'
import { data, evaluate, manualSeed, Net, optim, train, version } from 'libtorch-node'

const common = createRequire(import.meta.url)('libtorch-node')
assert.deepEqual(Object.keys(torch).sort(), Object.keys(common).sort())
for (const [name, value] of Object.entries(torch)) assert.equal(value, common[name], name)

manualSeed(0)
const [[trainX, trainY]] = await data.fashionMnist.loadData({ sample: true })
const [tx, vx, ty, vy] = data.trainTestSplit(trainX, trainY, { testSize: 0.1, randomState: 0 })
const images = x => x.reshape([x.size(0), 1, 28, 28]).float()
const model = new Net()
const optimizer = new optim.Adam(model.parameters(), { lr: 0.07 })
const history = await train(
  model,
  { train: [images(tx), ty.long()], validation: [images(vx), vy.long()] },
  { epochs: 2, optimizer },
)
const { accuracy } = await evaluate(model, [images(vx), vy.long()])
console.log(JSON.stringify({ ...history, accuracy, libtorch: version }))
