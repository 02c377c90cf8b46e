/*
 * For test/serialize-async-ends.test.ts: in a worker thread, saves or loads over and over until it is terminated.
 */
import { parentPort, workerData } from 'node:worker_threads'
import * as torch from '../../src/index'

const { file, what } = workerData as { file: string; what: 'save' | 'load' }
const large = torch.ones([400 * 2 ** 18]) as torch.Tensor
const other = file.replace(/[^/\\]*$/, 'worker.safetensors')

async function main(): Promise<void> {
  parentPort!.postMessage('busy')
  for (;;) await (what === 'save' ? torch.saveAsync({ large }, other) : torch.loadAsync(file))
}
main()
