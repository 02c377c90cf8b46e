/*
 * For test/memory.test.ts: 100 times makes a tensor of 100 MB and drops it, without tidy or dispose, without ever
 * giving the event loop a turn. Prints the process's peak in MB.
 */
import { readFileSync } from 'node:fs'
import * as torch from '../../src/index'

const kilobytes = (field: string) =>
  Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(readFileSync('/proc/self/status', 'utf8'))![1])

const before = kilobytes('VmRSS')
let sum = 0
for (let i = 0; i < 100; i++) {
  const large = torch.ones([25, 1_000_000]) // 100 MB, written to
  sum += large.at(i % 25, 0).item()
}
console.log(JSON.stringify({ before: before / 1024, peak: kilobytes('VmHWM') / 1024, sum }))
