/*
 * For test/worker.test.ts: a main thread that never loads the package starts workers that do, one after the other and
 * at once, and terminates some. Prints what they found.
 */
import { once } from 'node:events'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'

const start = (workerData: object) => new Worker(join(__dirname, 'worker-train.ts'), { workerData })

async function checksum(): Promise<number> {
  const worker = start({ steps: 3, report: 100 })
  const [message] = (await once(worker, 'message')) as [{ checksum: number }]
  await once(worker, 'exit')
  return message.checksum
}

async function main() {
  const alone = await checksum()
  const terminated = start({})
  await once(terminated, 'message')
  await terminated.terminate()
  const together = await Promise.all([checksum(), checksum()])
  const mainLoaded = Object.keys(require.cache).some(file => file.endsWith('load-binding.ts'))
  console.log(JSON.stringify({ alone, together, mainLoaded }))
}

main()
