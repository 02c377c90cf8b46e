import * as torch from '../../../src'

/** Throws where a module's calls or its training ran eagerly, neither fused nor as a CUDA graph, which would be another figure than the row says. */
export function assertFused(module: torch.nn.Module): void {
  const text = torch.explain(module)
  // eager by choice counts: it is what a user gets then
  if (/why: eager is faster/.test(text)) return
  if (!/: fused, |^ {2}captured /m.test(text) || /: eager$/m.test(text)) throw new Error(`it was not fused:\n${text}`)
}

/** What a compiled training step is measured with: sizes of one image, the network and its optimizer. */
export interface StepOf<M extends torch.nn.Module> {
  image: [channels: number, height: number, width: number]
  model: M
  optimizer: torch.Steps
  batch: number
  seconds: number
  device?: torch.Device
}

const SAMPLES = 5
/** Enough that the epoch's own work, the validation of one image, does not count. */
const STEPS = 8

/** Seconds of a step of `train` with `batchSize` and `compile`: epochs of enough batches, after one that warms up. */
export async function measureCompiledStep<M extends torch.nn.Module>(of: StepOf<M>): Promise<number[]> {
  const { image, model, optimizer, batch, seconds, device = 'cpu' } = of
  const random = (n: number) => [torch.rand([n, ...image], { device }), torch.randint(10, [n], { device })] as const
  const epochsOf = async (steps: number, epochs: number) => {
    const times: number[] = []
    const onEpoch = (report: torch.EpochReport) => void times.push(report.seconds / steps)
    const data = { train: random(steps * batch), validation: random(1) }
    await torch.train(model as never, data as never, { epochs, optimizer, batchSize: batch, compile: true, onEpoch })
    return times
  }
  const warm = Math.min(...(await epochsOf(STEPS, 3)))
  const steps = Math.max(STEPS, Math.min(1000, Math.round(seconds / SAMPLES / warm)))
  const samples = (await epochsOf(steps, SAMPLES + 1)).slice(1)
  assertFused(model)
  return samples
}
