/*
 * For test/memory-blocks.test.ts: makes and frees 300 MB, blocks its thread for two seconds, makes and frees them once
 * more, and ends. Prints what was kept after each, the resident memory in MB, and the time.
 */
import { readFileSync } from 'node:fs'
import * as torch from '../../src/index'

const MB = 1 << 20
const report = () => ({
  ...torch.memory.stats(),
  megabytes: Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))![1]) / 1024,
  seconds: Date.now() / 1000,
})

torch.full([(300 * MB) / 4], 1).dispose()
const kept = report()
Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2000)
const later = report()
torch.full([(300 * MB) / 4], 1).dispose()
console.log(JSON.stringify([kept, later, report()]))
