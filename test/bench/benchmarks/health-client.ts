/**
 * Asks `GET /health` every 10 ms until its input is closed, then prints the latencies in seconds as JSON; a line 'ready'
 * before, when the first answer came. The client of both sides of delay.ts.
 */
import { Agent, get } from 'node:http'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'

const PAUSE_MS = 10
const port = Number(process.argv[2])
const agent = new Agent({ keepAlive: true, maxSockets: 1 })

function ask(): Promise<void> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path: '/health', agent }, response => {
      if (response.statusCode !== 200) return reject(new Error(`GET /health: HTTP ${response.statusCode}`))
      response.resume().once('end', resolve)
    }).once('error', reject)
  })
}

async function main(): Promise<void> {
  let stopped = false
  process.stdin.resume().once('end', () => {
    stopped = true
  })
  await ask()
  console.log('ready')
  const seconds: number[] = []
  do {
    const start = performance.now()
    await ask()
    seconds.push((performance.now() - start) / 1000)
    await sleep(PAUSE_MS)
  } while (!stopped)
  console.log(JSON.stringify(seconds))
  agent.destroy()
}

main().catch(error => {
  console.error(error)
  process.exitCode = 1
})
