// Run as a worker: with `terminated` it stays in a hook of a backward pass until it is terminated; with `ends` it ends with
// hooks that graphs still hold.
import { parentPort } from 'node:worker_threads'
import * as torch from '../../src'
import { nn, type Tensor } from '../../src'

const layer = new nn.Linear(2, 2)
const x = torch.ones([1, 2], { requiresGrad: true })
const loss = layer.forward(x).sum() as Tensor
x.registerHook(gradient => {
  parentPort!.postMessage('in the hook')
  if (process.argv.at(-1) === 'terminated') for (;;) gradient.add(1)
})
layer.registerFullBackwardHook(() => undefined)
const kept = layer.forward(x)
loss.backward()
Object.assign(globalThis, { kept })
