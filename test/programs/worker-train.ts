/*
 * For test/worker.test.ts: in a worker thread, trains until it is terminated; tells its parent about each step. With
 * `steps`, ends by itself and gives the parameters' checksum.
 */
import { parentPort, workerData } from 'node:worker_threads'
import * as torch from '../../src/index'

const { nn, optim } = torch
const { steps = Number.POSITIVE_INFINITY, report = 1 } = workerData as { steps?: number; report?: number }

torch.setNumThreads(1)
torch.manualSeed(0)
const model = new torch.Net()
const optimizer = new optim.Adam(model.parameters(), { lr: 0.001 })
const criterion = new nn.CrossEntropyLoss()
const x = torch.randn([16, 1, 28, 28])
const y = torch.randint(0, 10, [16])
for (let step = 1; step <= steps; step++) {
  optimizer.zeroGrad()
  const loss = criterion.forward(model.forward(x), y)
  loss.backward()
  optimizer.step()
  if (step % report === 0) parentPort!.postMessage({ step, loss: loss.item() })
}
const checksum = model.parameters().reduce((sum, parameter) => sum + parameter.double().sum().item(), 0)
parentPort!.postMessage({ checksum })
