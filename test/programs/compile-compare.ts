/** Compiled networks beside eager ones and beside float64. */
import * as torch from '../../src'

export type AnyModule = torch.nn.Module & { forward(x: torch.Tensor): torch.Tensor }

/** A network and how it is compared. */
export interface Compared {
  name: string
  /** The same network, each time it is called. */
  build(): AnyModule
  /** Of an input, without the batch. */
  shape: readonly number[]
  classes: number
  /** Images to train and to validate with. */
  count: number
  validation: number
  /** Of the images to predict at once; none where prediction is not compared. */
  counts: readonly number[]
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

/** Float64 inputs as another rounding might have given them. */
const nudge = (x: torch.Tensor) => x.add(x.mul(torch.randn(x.shape as number[]).double()).mul(2e-7))

function copyOf(net: AnyModule): Record<string, torch.Tensor> {
  return torch.noGrad(() => Object.fromEntries(Object.entries(net.stateDict()).map(([key, t]) => [key, t.clone()])))
}

const doubled = ([x, y]: readonly [torch.Tensor, torch.Tensor]) => [x.double(), y] as const

/** Beside eager and float64, in training and in prediction. */
export class Comparison {
  networks = 0
  values = 0
  readonly failures: string[] = []

  async network({ name, build, shape, classes, count, validation, counts }: Compared): Promise<void> {
    const nets = [build(), build(), build()]
    const [compiled, eager, exact] = nets as [AnyModule, AnyModule, AnyModule]
    for (const net of [compiled, exact]) net.loadStateDict(eager.stateDict())
    exact.double()
    const start = copyOf(exact)
    const pair = (n: number) => [torch.randn([n, ...shape]), torch.randint(classes, [n])] as const
    const data = { train: pair(count), validation: pair(validation) }
    const twice = { train: doubled(data.train), validation: doubled(data.validation) }
    const fast = await trained(compiled, data, true)
    if (!this.#isFused(name, compiled, /a whole step: fused/)) return
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
      await this.#check(`${name} ${key} of ${count} images`, fast.get(key)!, slow.get(key)!, value, elsewhere)
    }
    compiled.loadStateDict(eager.stateDict())
    exact.loadStateDict(eager.stateDict())
    for (const net of nets) net.eval()
    const predict = torch.compile(compiled)
    for (const n of counts) {
      const x = torch.randn([n, ...shape])
      const [got, expected, best] = torch.noGrad(
        () => [predict.forward(x), eager.forward(x), exact.forward(x.double())] as const,
      )
      await this.#check(`${name} outputs of ${n}`, got, expected, best, async () => [best])
    }
    if (counts.length > 0) this.#isFused(name, predict, /: fused/)
    this.networks++
  }

  /** Where eager is faster it is no failure that nothing is fused. */
  #isFused(name: string, net: torch.nn.Module, fused: RegExp): boolean {
    const told = torch.explain(net)
    if (/why: (?!eager is faster)/.test(told)) this.failures.push(`${name}: ${told}`)
    return fused.test(told)
  }

  /**
   * Compiled must be about as near to float64 as eager is, but for what float32 rounds anyway; and where float64 itself
   * jumps as far by `nudged` inputs, as by two places of a window that are all but equal, nothing is said.
   */
  async #check(
    what: string,
    compiled: torch.Tensor,
    eager: torch.Tensor,
    exact: torch.Tensor,
    nudged: () => Promise<torch.Tensor[]>,
  ): Promise<void> {
    this.values++
    const size = Math.max(1, exact.abs().max().item() as number)
    const distance = (tensor: torch.Tensor) => (tensor.double().sub(exact).abs().max().item() as number) / size
    const [near, far] = [distance(compiled), distance(eager)]
    if (near <= 8 * far + 2e-6) return
    if (Math.max(...(await nudged()).map(distance)) >= near / 2) return
    this.failures.push(`${what}: ${near} from float64, eager ${far}`)
  }
}
