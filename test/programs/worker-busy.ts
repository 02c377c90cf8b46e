/*
 * For test/worker.test.ts: in a worker thread, calls one thing of the package over and over until it is terminated, so
 * that the termination falls into native code that talks to JavaScript.
 */
import { parentPort, workerData } from 'node:worker_threads'
import * as torch from '../../src/index'

torch.setNumThreads(1)
const complex = torch.tensor({ re: 1, im: 2 })
const loops: Record<string, () => unknown> = {
  stats: () => torch.memory.stats(),
  module: () => new torch.nn.BatchNorm2d(2),
  complex: () => complex.item(),
}
const loop = loops[workerData as string]!
loop()
parentPort!.postMessage('busy')
for (;;) loop()
