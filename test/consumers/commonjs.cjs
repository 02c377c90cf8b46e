// A program that uses the package from CommonJS: trains the article's network for two epochs.
const torch = require('libtorch-node')

async function main() {
  torch.manualSeed(0)
  const [[trainX, trainY]] = await torch.data.fashionMnist.loadData({ sample: true })
  const [tx, vx, ty, vy] = torch.data.trainTestSplit(trainX, trainY, { testSize: 0.1, randomState: 0 })
  const images = x => x.reshape([x.size(0), 1, 28, 28]).float()
  const model = new torch.Net()
  const optimizer = new torch.optim.Adam(model.parameters(), { lr: 0.07 })
  const history = await torch.train(
    model,
    { train: [images(tx), ty.long()], validation: [images(vx), vy.long()] },
    { epochs: 2, optimizer },
  )
  const { accuracy } = await torch.evaluate(model, [images(vx), vy.long()])
  console.log(JSON.stringify({ ...history, accuracy, libtorch: torch.version }))
}

main()
