/*
 * For test/memory.test.ts: 2,000 plain training steps of 64 images in one synchronous loop, without tidy or dispose.
 * Prints the resident memory in MB every 100 steps.
 */
import { readFileSync } from 'node:fs'
import * as torch from '../../src/index'

const { nn, optim } = torch

const resident = () => Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))![1]) / 1024

torch.setNumThreads(1) // two threads on a busy machine wait for each other, and the memory is the same
torch.manualSeed(0)
const model = new torch.Net()
const optimizer = new optim.Adam(model.parameters(), { lr: 0.001 })
const criterion = new nn.CrossEntropyLoss()
const x = torch.randn([64, 1, 28, 28])
const y = torch.randint(0, 10, [64])
const samples: number[] = []
let loss = Number.NaN
for (let step = 1; step <= 2000; step++) {
  optimizer.zeroGrad()
  const output = criterion.forward(model.forward(x), y)
  output.backward()
  optimizer.step()
  if (step % 100 === 0) {
    samples.push(resident())
    loss = output.item() as number
  }
}
console.log(JSON.stringify({ samples, loss, tensors: torch.memory.stats().tensors }))
