import * as torch from '../../../src'
import { benchmark, SECONDS, type Size } from '../benchmark'
import { settler } from '../gpu'
import { timed } from '../measure'
import { assertFused } from './compiled'
import { batchName } from './step'

const BATCHES: Record<Size, number[]> = { tiny: [2], quick: [1], full: [1, 32] }

export type PredictArguments = { batch: number; seconds: number; device?: torch.Device }

/** Seconds of a prediction of the article's network, as it is or compiled. */
export function measurePredict({ batch, seconds, device = 'cpu' }: PredictArguments, compile = false): number[] {
  torch.manualSeed(0)
  const net = new torch.Net().to(device)
  net.eval()
  const x = torch.rand([batch, 1, 28, 28], { device })
  const settle = settler(device)
  if (!compile) return torch.noGrad(() => timed(() => net.forward(x), seconds, settle))
  const fast = torch.compile(net)
  const samples = torch.noGrad(() => timed(() => fast.forward(x), seconds, settle))
  assertFused(fast)
  return samples
}

export default benchmark<PredictArguments>({
  name: 'predict',
  title: "A prediction of the article's network",
  short: 'Prediction',
  about: `\`forward\` of the network in eval mode, without gradients, on one thread. onnxruntime-node has the same weights as an ONNX
model, which it may fuse before it runs; that its outputs agree is checked first.`,
  threads: 1,
  cases: size => BATCHES[size].map(batch => ({ name: batchName(batch), args: { batch, seconds: SECONDS[size] } })),
  here: args => measurePredict(args),
  python: 'predict.py',
  onnx: 'predict-onnx',
})
