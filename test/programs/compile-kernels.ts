/**
 * Compiled networks of random sizes beside float64, with the kernels that `LIBTORCH_NODE_KERNELS` names; run by
 * compile-kernels.test.ts in a process of its own for each instruction set. Prints JSON.
 */
import * as torch from '../../src'

const { nn } = torch

type AnyModule = torch.nn.Module & { forward(x: torch.Tensor): torch.Tensor }

/** What `compare` prints. */
export interface Report {
  kernels: string
  networks: number
  values: number
  failures: string[]
}

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
const activationOf = (draw: Draw) => [new nn.ReLU(), new nn.Tanh(), new nn.Sigmoid(), new nn.Identity()][draw(0, 3)]!

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
    layers.push(kind === 3 ? new nn.AvgPool2d(window) : new nn.MaxPool2d(window, kind === 1 ? window : 1))
    const steps = kind === 2 ? [1, 1] : window
    ;[h, w] = [h, w].map((n, i) => Math.floor((n - window[i]!) / steps[i]!) + 1) as [number, number]
  }
  layers.push(new nn.Flatten())
  let features = c * h * w
  for (let more = draw(0, 2); more > 0; more--) {
    const next = widthOf(draw)
    layers.push(new nn.Linear(features, next), activationOf(draw))
    features = next
  }
  layers.push(new nn.Linear(features, classes))
  return layers
}

const report: Report = { kernels: '', networks: 0, values: 0, failures: [] }

/**
 * Compiled must not be further from float64 than eager is, but for what float32 rounds anyway; and where float64 itself
 * jumps as far by `nudged` inputs, as by two places of a window that are all but equal, nothing is said.
 */
async function check(
  what: string,
  compiled: torch.Tensor,
  eager: torch.Tensor,
  exact: torch.Tensor,
  nudged: () => Promise<torch.Tensor[]>,
): Promise<void> {
  report.values++
  const size = Math.max(1, exact.abs().max().item() as number)
  const distance = (tensor: torch.Tensor) => (tensor.double().sub(exact).abs().max().item() as number) / size
  const [near, far] = [distance(compiled), distance(eager)]
  if (near <= 4 * far + 2e-6) return
  if (Math.max(...(await nudged()).map(distance)) >= near / 2) return
  report.failures.push(`${what}: ${near} from float64, eager ${far}`)
}

/** Float64 inputs as another rounding might have given them. */
const nudge = (x: torch.Tensor) => x.add(x.mul(torch.randn(x.shape as number[]).double()).mul(2e-7))

function kernelsOf(compiled: torch.nn.Module): string {
  return /kernels: (.* inputs) side by side/.exec(torch.explain(compiled))![1]!
}

/** Gradients and buffers after each of two epochs. */
async function trained(net: AnyModule, data: object, compile: boolean): Promise<Map<string, torch.Tensor>> {
  const optimizer = new torch.optim.SGD(net.parameters(), { lr: 0.01 })
  const seen = new Map<string, torch.Tensor>()
  const onEpoch = ({ epoch, trainLoss, valLoss }: torch.EpochReport) => {
    seen.set(`losses ${epoch}`, torch.tensor([trainLoss, valLoss], { dtype: 'float64' }))
    for (const [key, p] of net.namedParameters()) seen.set(`${key}.grad ${epoch}`, p.grad!.clone())
    for (const [key, b] of net.namedBuffers()) seen.set(`${key} ${epoch}`, b.clone())
  }
  await torch.train(net as never, data as never, { epochs: 2, optimizer, compile, onEpoch } as never)
  return seen
}

async function compareNetwork(seed: number): Promise<void> {
  const draw = random(seed)
  torch.manualSeed(seed)
  const shape = [draw(1, 5), draw(1, 21), draw(1, 35)] as const
  const classes = draw(2, 19)
  const layers = () => layersOf(random(seed + 1000), shape, classes)
  const nets = [0, 1, 2].map(() => new nn.Sequential(...layers()) as unknown as AnyModule)
  const [compiled, eager, exact] = nets as [AnyModule, AnyModule, AnyModule]
  for (const net of [compiled, exact]) net.loadStateDict(eager.stateDict())
  exact.double()
  const start = torch.noGrad(() =>
    Object.fromEntries(Object.entries(exact.stateDict()).map(([k, v]) => [k, v.clone()])),
  )
  // an eighth of the networks trains on fewer images than the narrowest vector has lanes
  const count = seed % 8 === 0 ? draw(2, 3) : draw(4, 40)
  const pair = (n: number) => [torch.randn([n, ...shape]), torch.randint(classes, [n])] as const
  const data = { train: pair(count), validation: pair(draw(2, 40)) }
  const doubled = ([x, y]: readonly [torch.Tensor, torch.Tensor]) => [x.double(), y] as const
  const twice = { train: doubled(data.train), validation: doubled(data.validation) }
  const fast = await trained(compiled, data, true)
  if (!/a whole step: fused/.test(torch.explain(compiled))) {
    if (!/why: eager is faster/.test(torch.explain(compiled)))
      report.failures.push(`${seed}: ${torch.explain(compiled)}`)
    return
  }
  const slow = await trained(eager, data, false)
  const correct = await trained(exact, twice, false)
  let others: Map<string, torch.Tensor>[] | undefined
  const nudged = async () => {
    if (others !== undefined) return others
    others = []
    for (let i = 0; i < 20; i++) {
      exact.loadStateDict(start)
      others.push(await trained(exact, { ...twice, train: [nudge(twice.train[0]), twice.train[1]] }, false))
    }
    return others
  }
  for (const [key, value] of correct) {
    const elsewhere = async () => (await nudged()).map(values => values.get(key)!)
    await check(`${seed} ${key} of ${count} images`, fast.get(key)!, slow.get(key)!, value, elsewhere)
  }
  compiled.loadStateDict(eager.stateDict())
  exact.loadStateDict(eager.stateDict())
  for (const net of nets) net.eval()
  const predict = torch.compile(compiled)
  for (const n of [1, draw(2, 7), draw(8, 16), draw(17, 40)]) {
    const x = torch.randn([n, ...shape])
    const [got, expected, best] = torch.noGrad(
      () => [predict.forward(x), eager.forward(x), exact.forward(x.double())] as const,
    )
    await check(`${seed} outputs of ${n}`, got, expected, best, async () => [best])
  }
  const told = torch.explain(predict)
  if (/why: (?!eager is faster)/.test(told)) report.failures.push(`${seed}: ${told}`)
  report.kernels = kernelsOf(predict)
  report.networks++
}

async function main(what: string | undefined): Promise<void> {
  if (what === 'compare') {
    for (let seed = 1; seed <= 60; seed++) await compareNetwork(seed)
    console.log(JSON.stringify(report))
  } else if (what === 'kernels') {
    const compiled = torch.compile(new nn.Linear(3, 2))
    torch.noGrad(() => void compiled.forward(torch.zeros([1, 3])))
    console.log(kernelsOf(compiled))
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
