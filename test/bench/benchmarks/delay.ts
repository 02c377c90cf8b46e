import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { performance } from 'node:perf_hooks'
import { text } from 'node:stream/consumers'
import { benchmark, type Size } from '../benchmark'
import { quantile } from '../measure'
import { fullBatchTraining, splitName } from './epoch'

const IMAGES: Record<Size, number> = { tiny: 40, quick: 6000, full: 60_000 }
const TIMER_MS = 5

type DelayArguments = {
  images: number
  epochs: number
  epochRow: string
  /** The program that asks for `/health`, and the Node that runs it: both sides have the same client. */
  node: string
  client: string
}

const ROWS = ['median', 'p99', 'worst'] as const
const timerRow = (which: string) => `a timer of ${TIMER_MS} ms is late, ${which}`
const healthRow = (which: string) => `GET /health answers after, ${which}`

/** Median, 99th percentile and worst of latenesses in seconds, as one sample for each row. */
function spread(row: (which: string) => string, seconds: readonly number[]): Record<string, number[]> {
  return Object.fromEntries([0.5, 0.99, 1].map((share, i) => [row(ROWS[i]!), [quantile(seconds, share)]]))
}

/** Sets one timer after the other, and keeps how late each came; gives them when stopped. */
function watchTimers(): () => number[] {
  const late: number[] = []
  let set = performance.now()
  let timer = setTimeout(function fired() {
    late.push(Math.max(0, performance.now() - set - TIMER_MS) / 1000)
    set = performance.now()
    timer = setTimeout(fired, TIMER_MS)
  }, TIMER_MS)
  return () => {
    clearTimeout(timer)
    // The one that is overdue now is as late as it is.
    late.push(Math.max(0, performance.now() - set - TIMER_MS) / 1000)
    return late
  }
}

/** Starts a client in a process of its own that asks for `/health` again and again; gives its latencies when stopped. */
async function watchHealth(node: string, client: string, port: number): Promise<() => Promise<number[]>> {
  const child = spawn(node, [client, String(port)], { stdio: ['pipe', 'pipe', 'inherit'] })
  // Its first line says that it is at work.
  await once(child.stdout, 'readable')
  return async () => {
    child.stdin.end()
    return JSON.parse((await text(child.stdout)).split('\n')[1]!)
  }
}

export default benchmark<DelayArguments>({
  name: 'delay',
  title: 'The event loop during a full-batch training',
  short: 'Event loop',
  about: `While \`train\` is at work with the article's full batch, the same process sets timers of 5 ms and serves \`GET /health\` to a
client in another process, which asks 100 times a second. Python's side is what people write there: the training in a
\`threading.Thread\`, timer and server in \`asyncio\`. 'Worst' is the worst of all rounds.`,
  noBars: true,
  worst: [timerRow('worst'), healthRow('worst')],
  cases: size => [
    {
      name: `with ${splitName(IMAGES[size])}`,
      args: {
        images: IMAGES[size],
        epochs: 3,
        epochRow: `an epoch of ${splitName(IMAGES[size])} meanwhile`,
        node: process.execPath,
        client: path.join(__dirname, 'health-client.js'),
      },
    },
  ],
  async here({ images, epochs, epochRow, node, client }) {
    const training = fullBatchTraining({ images, epochs })
    const server = createServer((_request, response) => response.end('ok')).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const health = await watchHealth(node, client, (server.address() as AddressInfo).port)
    const timers = watchTimers()
    const seconds = await training()
    const late = timers()
    const latencies = await health()
    server.close()
    server.closeAllConnections()
    return { ...spread(timerRow, late), ...spread(healthRow, latencies), [epochRow]: seconds }
  },
  python: 'delay.py',
})
