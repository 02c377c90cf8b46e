/*
 * For test/train-queue.test.ts: trains, says so, and ends the process with code 7 so many milliseconds after the first
 * step was queued, while the package's thread is at work on it; or, in a worker, is terminated.
 */
import { parentPort } from 'node:worker_threads'
import * as torch from '../../src/index'

const model = new torch.Net()
const x = torch.rand([10_000, 1, 28, 28])
const y = torch.randint(10, [10_000])
const optimizer = new torch.optim.SGD(model.parameters(), { lr: 0.1 })
const validation = [x.narrow(0, 0, 10), y.narrow(0, 0, 10)] as const
void torch.train(model, { train: [x, y], validation }, { epochs: 50, optimizer })
setImmediate(() => {
  parentPort?.postMessage('at work')
  const milliseconds = Number(process.argv[2])
  if (Number.isFinite(milliseconds)) setTimeout(() => process.exit(7), milliseconds)
})
