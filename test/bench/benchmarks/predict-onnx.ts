/** A prediction of the article's network by onnxruntime-node: the other side of predict.ts. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import type { OnnxArguments } from '../benchmark'
import { answer, timedAsync } from '../measure'

/** What is used of onnxruntime-node, which is not a package of ours. */
interface Runtime {
  Tensor: new (type: 'float32', data: Float32Array, dims: number[]) => { data: Float32Array }
  InferenceSession: {
    create(
      file: string,
      options: { intraOpNumThreads: number; interOpNumThreads: number },
    ): Promise<{ run(feeds: Record<string, object>): Promise<Record<string, { data: Float32Array }>> }>
  }
}

const TOLERANCE = 1e-4

type Arguments = { batch: number; seconds: number } & OnnxArguments

async function predict({ batch, seconds, runtime, model, threads }: Arguments): Promise<number[]> {
  const onnx = createRequire(path.join(runtime, 'package.json'))('onnxruntime-node') as Runtime
  const session = await onnx.InferenceSession.create(model, { intraOpNumThreads: threads, interOpNumThreads: 1 })
  const input = (images: number, data: Float32Array) => ({ x: new onnx.Tensor('float32', data, [images, 1, 28, 28]) })

  // First of all it must give the outputs that libtorch gives.
  const check = JSON.parse(readFileSync(`${model}.json`, 'utf8')) as { x: number[]; y: number[] }
  const { y } = await session.run(input(2, Float32Array.from(check.x)))
  const apart = Math.max(...check.y.map((value, i) => Math.abs(value - y!.data[i]!)))
  if (!(apart <= TOLERANCE)) throw new Error(`onnxruntime-node's outputs are ${apart} from libtorch's`)

  const feeds = input(
    batch,
    Float32Array.from({ length: batch * 784 }, () => Math.random()),
  )
  return timedAsync(() => session.run(feeds), seconds)
}

predict(JSON.parse(process.argv[2]!))
  .then(answer)
  .catch(error => {
    console.error(error)
    process.exitCode = 1
  })
