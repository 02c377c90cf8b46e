/* The program of a `DataLoader`'s worker thread. */
import { parentPort, workerData } from 'node:worker_threads'
import { Generator } from '../core/generator'
import { END, type Fetch, fetcherOf, type Recipe } from './fetch'
import './index' // its classes make themselves portable
import { fromPortable } from './portable'
import { Packer } from './shared-tensors'
import { setWorkerInfo } from './worker-info'
import type { WorkerAnswer, WorkerSetup, WorkerTask } from './worker-messages'

const setup = workerData as WorkerSetup
const port = parentPort!
const packer = new Packer()

async function prepare(): Promise<Recipe> {
  const { id, numWorkers, seed, isStream, batching, dropLast } = setup
  const dataset = (await fromPortable(setup.dataset)) as Recipe['dataset']
  const collate = setup.collate && ((await fromPortable(setup.collate)) as Recipe['collate'])
  const workerInit = setup.workerInit && ((await fromPortable(setup.workerInit)) as (id: number) => unknown)
  setWorkerInfo({ id, numWorkers, seed, dataset, generator: new Generator().manualSeed(seed) })
  await workerInit?.(id)
  return { dataset, isStream, batching, collate, dropLast, allocate: packer.allocate }
}

const prepared = prepare()
prepared.catch(() => {}) // told with the first task

let fetch: Fetch | undefined
let pass = -1

async function answer({ pass: asked, task, index }: WorkerTask): Promise<void> {
  const isCurrent = () => Atomics.load(setup.current, 0) === asked
  if (!isCurrent()) return
  let reply: WorkerAnswer
  try {
    const recipe = await prepared
    if (asked !== pass) {
      await fetch?.close?.()
      fetch = fetcherOf(recipe)
      pass = asked
    }
    const batch = await fetch!(index)
    reply = batch === END ? { pass, task, end: true } : { pass, task, batch: packer.pack(batch) }
    if (isCurrent()) port.postMessage(reply)
  } catch (error) {
    port.postMessage({ pass: asked, task, error: described(error) } satisfies WorkerAnswer)
  } finally {
    packer.forget()
  }
}

function described(error: unknown): { name: string; message: string; stack: string; code?: string } {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error), stack: String(error) }
  const { name, message, stack, code } = error as NodeJS.ErrnoException
  return { name, message, stack: stack ?? message, ...(typeof code === 'string' ? { code } : {}) }
}

let queue: Promise<void> = Promise.resolve()
port.on('message', (task: WorkerTask) => {
  queue = queue.then(() => answer(task))
})
