/**
 * Compiled networks of random sizes beside float64, with the kernels that `LIBTORCH_NODE_KERNELS` names; run by
 * compile-kernels.test.ts in a process of its own for each instruction set. Prints JSON.
 */
import * as torch from '../../src'
import { type AnyModule, Comparison } from './compile-compare'

const { nn } = torch

/** What `compare` prints. */
export interface Report {
  kernels: string
  networks: number
  values: number
  failures: string[]
}

/** Networks of all kinds, and of many channels. */
const NETWORKS = 60
const PATCHED = 16

function random(seed: number): (low: number, high: number) => number {
  let state = seed
  return (low, high) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return low + Math.floor((state / 2 ** 32) * (high - low + 1))
  }
}

type Draw = ReturnType<typeof random>

/** Widths of all kinds: 1, odd, as wide as a vector, one more, more than two. */
const WIDTHS = [1, 2, 3, 4, 5, 7, 8, 9, 13, 15, 16, 17, 23, 33]
const widthOf = (draw: Draw) => WIDTHS[draw(0, WIDTHS.length - 1)]!
const activationOf = (draw: Draw): torch.nn.Module =>
  [
    () => new nn.ReLU(),
    () => new nn.Tanh(),
    () => new nn.Sigmoid(),
    () => new nn.Identity(),
    () => new nn.LeakyReLU(0.1),
    () => new nn.GELU(),
    () => new nn.ELU(),
    () => new nn.Softplus(),
    () => new nn.SiLU(),
    () => new nn.Hardswish(),
  ][draw(0, 9)]!()

/** Blocks of convolution, norm, activation and pool, then linear layers: whatever fits into what is left of the image. */
function layersOf(draw: Draw, [channels, height, width]: readonly [number, number, number], classes: number) {
  const layers: torch.nn.Module[] = []
  let [c, h, w] = [channels, height, width]
  for (let block = draw(0, 3); block > 0; block--) {
    const kernel: [number, number] = [draw(1, Math.min(h, 5)), draw(1, Math.min(w, 6))]
    const stride: [number, number] = [draw(1, 2), draw(1, 2)]
    const padding: [number, number] = [draw(0, kernel[0] - 1), draw(0, kernel[1] - 1)]
    const out = draw(1, 17)
    layers.push(new nn.Conv2d(c, out, kernel, { stride, padding, bias: draw(0, 2) > 0 }))
    c = out
    ;[h, w] = [h, w].map((n, i) => Math.floor((n + 2 * padding[i]! - kernel[i]!) / stride[i]!) + 1) as [number, number]
    if (draw(0, 1) === 0 && h * w > 1) layers.push(new nn.BatchNorm2d(c, { affine: draw(0, 3) > 0 }))
    if (draw(0, 3) > 0) layers.push(activationOf(draw))
    const window: [number, number] = [Math.min(h, draw(1, 3)), Math.min(w, draw(1, 3))]
    const kind = draw(0, 3)
    if (kind === 0 || h < 2 || w < 2) continue
    const ceilMode = draw(0, 1) === 0
    const steps: [number, number] = kind === 2 ? [1, 1] : window
    layers.push(kind === 3 ? new nn.AvgPool2d(window, { ceilMode }) : new nn.MaxPool2d(window, steps, { ceilMode }))
    const whole = ceilMode ? Math.ceil : Math.floor
    ;[h, w] = [h, w].map((n, i) => whole((n - window[i]!) / steps[i]!) + 1) as [number, number]
  }
  layers.push(new nn.Flatten())
  let features = c * h * w
  for (let more = draw(0, 2); more > 0; more--) {
    // behind sums of more terms a norm would tell how they were rounded
    const next = widthOf(draw)
    layers.push(
      new nn.Linear(features, next),
      ...(draw(0, 2) === 0 && features < 400 ? [new nn.BatchNorm1d(next)] : []),
      activationOf(draw),
    )
    features = next
  }
  layers.push(new nn.Linear(features, classes))
  return layers
}

/** Convolutions that may go by patches: many channels, sizes even and odd. */
function patchesOf(draw: Draw, [channels, height, width]: readonly [number, number, number], classes: number) {
  const layers: torch.nn.Module[] = []
  let [c, h, w] = [channels, height, width]
  for (let block = draw(1, 3); block > 0; block--) {
    const [out, padding] = [draw(15, 37), draw(h > 2 && w > 2 ? 0 : 1, 2)]
    layers.push(new nn.Conv2d(c, out, 3, { padding, bias: draw(0, 1) > 0 }))
    c = out
    ;[h, w] = [h + 2 * padding - 2, w + 2 * padding - 2]
    if (draw(0, 2) > 0 && h * w > 1) layers.push(new nn.BatchNorm2d(c))
    layers.push(activationOf(draw))
    if (draw(0, 1) === 0 || h < 2 || w < 2) continue
    layers.push(new nn.MaxPool2d(2))
    ;[h, w] = [Math.floor(h / 2), Math.floor(w / 2)]
  }
  return [...layers, new nn.Flatten(), new nn.Linear(c * h * w, classes)]
}

function kernelsHere(): string {
  const compiled = torch.compile(new nn.Linear(3, 2))
  torch.noGrad(() => void compiled.forward(torch.zeros([32, 3])))
  return /kernels: (.* inputs) side by side/.exec(torch.explain(compiled))![1]!
}

async function compareNetwork(comparison: Comparison, seed: number): Promise<void> {
  const draw = random(seed)
  torch.manualSeed(seed)
  const patches = seed > NETWORKS
  const shape = patches
    ? ([draw(14, 20), draw(1, 9), draw(1, 21)] as const)
    : ([draw(1, 5), draw(1, 21), draw(1, 35)] as const)
  const classes = draw(2, 19)
  const layers = patches ? patchesOf : layersOf
  await comparison.network({
    name: String(seed),
    build: () => new nn.Sequential(...layers(random(seed + 1000), shape, classes)) as unknown as AnyModule,
    shape,
    classes,
    // an eighth of the networks trains on fewer images than the narrowest vector has lanes
    count: seed % 8 === 0 ? draw(2, 3) : draw(4, 40),
    validation: draw(2, 40),
    counts: [1, draw(2, 7), draw(8, 16), draw(17, 40)],
  })
}

async function main(what: string | undefined): Promise<void> {
  if (what === 'compare') {
    const comparison = new Comparison()
    for (let seed = 1; seed <= NETWORKS + PATCHED; seed++) await compareNetwork(comparison, seed)
    const { networks, values, failures } = comparison
    console.log(JSON.stringify({ kernels: kernelsHere(), networks, values, failures } satisfies Report))
  } else if (what === 'kernels') {
    console.log(kernelsHere())
  } else {
    const told = (error: unknown) => console.log((error as torch.TorchError).code, (error as Error).message)
    for (let i = 0; i < 2; i++) {
      try {
        torch.compile(new nn.Linear(3, 2))
      } catch (error) {
        told(error)
      }
    }
    const net = new nn.Linear(3, 2)
    const [x, y] = [torch.zeros([1, 3]), torch.zeros([1], { dtype: 'int64' })] as const
    const optimizer = new torch.optim.SGD(net.parameters())
    await torch.train(net, { train: [x, y], validation: [x, y] }, { epochs: 1, optimizer, compile: true }).catch(told)
  }
}

if (require.main === module) void main(process.argv[2])
