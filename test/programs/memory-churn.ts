/*
 * For test/memory-blocks.test.ts: makes and frees blocks of 64 KiB to 40 MB in random order. Each holds a number of its own from
 * one end to the other, which must still be there when it is freed. As a worker it tells its parent the rounds done; with
 * `fill`, makes one block only and ends.
 */
import { parentPort, workerData } from 'node:worker_threads'
import * as torch from '../../src/index'

export function churn(seed: number, rounds: number, tell?: (round: number) => void): number {
  let state = seed * 2654435761 + 1
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
  const live: [torch.Tensor, number][] = []
  const drop = (at: number) => {
    const [[tensor, value]] = live.splice(at, 1) as [[torch.Tensor, number]]
    for (const end of [tensor.min(), tensor.max()]) {
      const found = end.item()
      end.dispose()
      if (found !== value) throw new Error(`a block of ${tensor.numel()} elements held ${value}, and now ${found}`)
    }
    tensor.dispose()
  }
  for (let round = 1; round <= rounds; round++) {
    const elements = Math.floor(2 ** (14 + 9.3 * random())) // sizes spread over their logarithm
    const value = round % 65521
    live.push([torch.full([elements], value), value])
    while (live.length > 12) drop(Math.floor(random() * live.length))
    tell?.(round)
  }
  while (live.length > 0) drop(live.length - 1)
  return rounds
}

if (parentPort !== null) {
  const { seed, rounds, report, fill, megabytes } = workerData as Record<string, number>
  torch.setNumThreads(1)
  if (fill !== undefined)
    parentPort.postMessage(
      torch
        .full([(megabytes! * 2 ** 20) / 4], fill)
        .max()
        .item(),
    )
  else {
    const tell = (round: number) => round === report && parentPort!.postMessage(round)
    const done = churn(seed!, rounds!, tell)
    parentPort.postMessage(done)
  }
}
