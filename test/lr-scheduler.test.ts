import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as torch from '../src/index'
import { nn, optim } from '../src/index'
import { readFixture } from './reference/tensors'

const { lrScheduler: s, swaUtils } = optim

type Options = Record<string, unknown>
type Kind = 'SGD' | 'Adam'
interface Run {
  kind: Kind
  lrs: number[][]
  momenta: number[][] | null
  /** Of the scheduler, and of the optimizer's groups, after 20 epochs. */
  state: Options
  groups: Options[]
}

const fixture = readFixture<{
  metrics: number[]
  simple: (Run & { name: string; options: Options })[]
  composed: Record<string, Run>
  jumps: { name: string; options: Options; epochs: number[]; lrs: number[][] }[]
  errors: Record<string, string>
}>('lr-scheduler')

const parameter = () => new nn.Parameter(torch.zeros([1]))

function optimizerOf(kind: Kind = 'SGD'): optim.SGD | optim.Adam {
  const groups = [{ params: [parameter()] }, { params: [parameter()], lr: 0.03 }]
  return kind === 'SGD' ? new optim.SGD(groups, { lr: 0.1, momentum: 0.9 }) : new optim.Adam(groups, { lr: 0.1 })
}

type Make = (optimizer: optim.Optimizer<any>) => optim.lrScheduler.LRScheduler

const makerOf = (name: string, options: Options): Make => {
  const Scheduler = (name === 'SWALR' ? swaUtils.SWALR : s[name as keyof typeof s]) as unknown as new (
    optimizer: unknown,
    options: Options,
  ) => optim.lrScheduler.LRScheduler
  return optimizer => new Scheduler(optimizer, options)
}

const warmup: Make = o => new s.LinearLR(o, { startFactor: 0.1, totalIters: 5 })

const COMPOSED: Record<string, Make> = {
  LambdaLR: o => new s.LambdaLR(o, epoch => 1 / (1 + epoch)),
  'LambdaLR for each group': o => new s.LambdaLR(o, [epoch => 1 - epoch / 64, epoch => 1 / (2 + epoch)]),
  MultiplicativeLR: o => new s.MultiplicativeLR(o, { lrLambda: epoch => 1 - epoch / 100 }),
  'CyclicLR with a function': o =>
    new s.CyclicLR(o, 0.01, 0.1, { stepSizeUp: 6, scaleFn: (x: number) => 1 / (1 + x), scaleMode: 'iterations' }),
  'warm-up, then cosine': o => new s.SequentialLR(o, [warmup(o), new s.CosineAnnealingLR(o, 45)], [5]),
  'three in a row': o =>
    new s.SequentialLR(o, {
      schedulers: [
        new s.ConstantLR(o, { factor: 0.1, totalIters: 2 }),
        new s.ExponentialLR(o, 0.9),
        new s.StepLR(o, 4, 0.5),
      ],
      milestones: [2, 20],
    }),
  'warm-up, then restarts': o => new s.SequentialLR(o, [warmup(o), new s.CosineAnnealingWarmRestarts(o, 8, 2)], [6]),
  'warm-up, then a polynomial': o =>
    new s.SequentialLR(o, [warmup(o), new s.PolynomialLR(o, { totalIters: 30, power: 0.9 })], [5]),
  chained: o =>
    new s.ChainedScheduler([
      new s.ConstantLR(o, { factor: 0.1, totalIters: 4 }),
      new s.ExponentialLR(o, { gamma: 0.9 }),
    ]),
  'chained, one of them a sequence': o =>
    new s.ChainedScheduler([
      new s.SequentialLR(o, [warmup(o), new s.MultiStepLR(o, [10, 30])], [5]),
      new s.LinearLR(o, { startFactor: 1, endFactor: 0.5, totalIters: 40 }),
    ]),
}

const lrsOf = (optimizer: optim.Optimizer<any>) => optimizer.paramGroups.map(group => group.lr as number)
const momentaOf = (optimizer: optim.Optimizer<any>) =>
  optimizer.paramGroups.map(group => (group.betas as number[] | undefined)?.[0] ?? (group.momentum as number))

/** Runs to the end, once straight through, and once saved after 20 epochs and gone on with by another. */
function compare(make: Make, run: Run, metrics?: readonly number[]): void {
  let optimizer = optimizerOf(run.kind)
  let scheduler = make(optimizer)
  const straight = optimizerOf(run.kind)
  const throughout = make(straight)
  const step = (which: optim.lrScheduler.LRScheduler, epoch: number) =>
    metrics === undefined ? which.step() : which.step(metrics[epoch])
  for (let epoch = 0; epoch < 50; epoch++) {
    assert.deepEqual(lrsOf(straight), run.lrs[epoch], `epoch ${epoch}`)
    assert.deepEqual(lrsOf(optimizer), run.lrs[epoch], `epoch ${epoch}, loaded`)
    if (run.momenta !== null) assert.deepEqual(momentaOf(straight), run.momenta[epoch], `momenta of epoch ${epoch}`)
    for (const one of [optimizer, straight]) one.step()
    step(scheduler, epoch)
    step(throughout, epoch)
    assert.deepEqual(throughout.getLastLr(), lrsOf(straight))
    if (epoch !== 19) continue
    assert.deepEqual(scheduler.stateDict(), run.state)
    assert.deepEqual(optimizer.stateDict().param_groups, run.groups)
    optimizer = optimizerOf(run.kind)
    scheduler = make(optimizer)
    optimizer.loadStateDict({ state: {}, param_groups: run.groups })
    scheduler.loadStateDict(run.state)
  }
}

describe('50 epochs are those of Python, to the last bit', () => {
  for (const { name, options, ...run } of fixture.simple) {
    test(`${name} ${JSON.stringify(options)} with ${run.kind}`, () => {
      compare(makerOf(name, options), run, name === 'ReduceLROnPlateau' ? fixture.metrics : undefined)
    })
  }
  for (const [name, run] of Object.entries(fixture.composed)) {
    test(name, () => compare(COMPOSED[name]!, run))
  }
})

/** The warnings that `work` emits. */
async function warningsOf(work: () => void): Promise<string[]> {
  const messages: string[] = []
  const listen = (warning: Error) => messages.push(warning.message)
  process.on('warning', listen)
  try {
    work()
    await new Promise(resolve => setImmediate(resolve))
  } finally {
    process.off('warning', listen)
  }
  return messages
}

describe('a given epoch', () => {
  for (const { name, options, epochs, lrs } of fixture.jumps) {
    test(`is jumped to: ${name} ${JSON.stringify(options)}`, async () => {
      const optimizer = optimizerOf()
      const scheduler = makerOf(name, options)(optimizer)
      optimizer.step()
      const warnings = await warningsOf(() => {
        const found = epochs.map(epoch => {
          scheduler.step(epoch)
          return lrsOf(optimizer)
        })
        assert.deepEqual(found, lrs)
      })
      const warned = name === 'CosineAnnealingWarmRestarts' ? 0 : epochs.length
      assert.equal(warnings.filter(message => /epoch parameter in `scheduler.step/.test(message)).length, warned)
    })
  }
})

describe('schedulers', () => {
  test('warn of a step before the optimizer’s, of an overridden step, of getLr by hand', async () => {
    const order = /Detected call of `lrScheduler.step\(\)` before `optimizer.step\(\)`/
    const early = await warningsOf(() => {
      const scheduler = new s.StepLR(optimizerOf(), 5)
      scheduler.step()
      scheduler.step()
    })
    assert.equal(early.length, 1)
    assert.match(early[0]!, order)
    const none = await warningsOf(() => {
      const optimizer = optimizerOf()
      const scheduler = new s.StepLR(optimizer, 5)
      optimizer.step()
      scheduler.step()
    })
    assert.deepEqual(none, [])
    const overridden = await warningsOf(() => {
      const optimizer = optimizerOf()
      const scheduler = new s.StepLR(optimizer, 5)
      optimizer.step = () => undefined
      scheduler.step()
    })
    assert.match(overridden.join(), /`optimizer.step\(\)` has been overridden/)
    const asked = await warningsOf(() => void new s.StepLR(optimizerOf(), 5).getLr())
    assert.match(asked.join(), /please use `getLastLr\(\)`/)
  })

  test('go on from an epoch where the groups know their first rates', () => {
    const optimizer = optimizerOf()
    assert.throws(() => new s.StepLR(optimizer, 5, 0.1, 3), {
      code: 'ERR_INVALID_ARG_VALUE',
      message: /param 'initialLr' is not specified in paramGroups\[0\] when resuming/,
    })
    for (const group of optimizer.paramGroups) Object.assign(group, { initialLr: 1 })
    const scheduler = new s.ExponentialLR(optimizer, { gamma: 0.5, lastEpoch: 3 })
    assert.equal(scheduler.lastEpoch, 4)
    assert.deepEqual(scheduler.baseLrs, [1, 1])
  })

  test('of one’s own have a rule', () => {
    class Halving extends s.LRScheduler {
      constructor(optimizer: optim.SGD) {
        super(optimizer)
        this.begin()
      }
      getLr(): number[] {
        return this.baseLrs.map(lr => lr / 2 ** this.lastEpoch)
      }
    }
    const optimizer = new optim.SGD([parameter()], { lr: 1 })
    const scheduler = new Halving(optimizer)
    optimizer.step()
    scheduler.step()
    scheduler.step()
    assert.equal(optimizer.paramGroups[0]!.lr, 0.25)
    assert.deepEqual(scheduler.getLastLr(), [0.25])
  })

  test('of a plateau take a tensor, and a group more', () => {
    const optimizer = new optim.SGD([parameter()], { lr: 1 })
    const scheduler = new s.ReduceLROnPlateau(optimizer, { patience: 0, factor: 0.5 })
    optimizer.addParamGroup({ params: parameter(), lr: 8 })
    scheduler.step(torch.tensor(1))
    scheduler.step(torch.tensor(1))
    assert.deepEqual(scheduler.getLastLr(), [0.5, 4])
    assert.throws(() => scheduler.step(), { code: 'ERR_INVALID_ARG_TYPE', message: /'metrics' must be a number/ })
  })
})

describe('wrong schedulers', () => {
  const CASES: Record<string, (optimizer: optim.Optimizer<any>) => unknown> = {
    'ConstantLR factor': o => new s.ConstantLR(o, { factor: 1.5 }),
    'LinearLR start': o => new s.LinearLR(o, { startFactor: 0 }),
    'LinearLR end': o => new s.LinearLR(o, { endFactor: 2 }),
    'LambdaLR groups': o => new s.LambdaLR(o, [() => 1]),
    'restarts T_0': o => new s.CosineAnnealingWarmRestarts(o, 0),
    'restarts T_mult': o => new s.CosineAnnealingWarmRestarts(o, { T0: 2, TMult: 0 }),
    'restarts epoch': o => new s.CosineAnnealingWarmRestarts(o, 2).step(-1),
    'OneCycleLR steps': o => new s.OneCycleLR(o, { maxLr: 0.1, totalSteps: 0 }),
    'OneCycleLR without steps': o => new s.OneCycleLR(o, 0.1),
    'OneCycleLR strategy': o => new s.OneCycleLR(o, { maxLr: 0.1, totalSteps: 5, annealStrategy: 'x' as never }),
    'OneCycleLR part': o => new s.OneCycleLR(o, { maxLr: 0.1, totalSteps: 5, pctStart: 1.5 }),
    'OneCycleLR rates': o => new s.OneCycleLR(o, { maxLr: [0.1], totalSteps: 5 }),
    'CyclicLR mode': o => new s.CyclicLR(o, { baseLr: 0.1, maxLr: 0.2, mode: 'x' as never }),
    'plateau factor': o => new s.ReduceLROnPlateau(o, { factor: 1 }),
    'plateau mode': o => new s.ReduceLROnPlateau(o, 'x' as never),
    'plateau threshold': o => new s.ReduceLROnPlateau(o, { thresholdMode: 'x' as never }),
    'plateau rates': o => new s.ReduceLROnPlateau(o, { minLr: [0.1] }),
    milestones: o => new s.SequentialLR(o, [warmup(o), warmup(o)], []),
    'no momentum': () => new s.OneCycleLR(new optim.Adagrad([parameter()]), { maxLr: 0.1, totalSteps: 5 }),
    'SWALR strategy': o => new swaUtils.SWALR(o, { swaLr: 0.1, annealStrategy: 'x' as never }),
    'SWALR epochs': o => new swaUtils.SWALR(o, { swaLr: 0.1, annealEpochs: -1 }),
  }
  for (const [name, message] of Object.entries(fixture.errors)) {
    test(`in the words of Python: ${name}`, () => {
      assert.throws(() => CASES[name]!(optimizerOf()), { code: 'ERR_INVALID_ARG_VALUE', message })
    })
  }

  test('options that nobody reads, values of the wrong kind, parts that are none', () => {
    const o = optimizerOf()
    const type = { code: 'ERR_INVALID_ARG_TYPE' }
    assert.throws(() => new s.StepLR(o, { stepSzie: 3 } as never), {
      code: 'ERR_UNKNOWN_OPTION',
      message: /'stepSize'/,
    })
    assert.throws(() => new s.StepLR(o, {} as never), { ...type, message: /StepLR needs 'stepSize'/ })
    assert.throws(() => new s.StepLR(o, 0), { ...type, message: /'stepSize' must be an integer of at least 1/ })
    assert.throws(() => new s.StepLR(o, 3, 'x' as never), { ...type, message: /'gamma' must be a number/ })
    assert.throws(() => new s.StepLR(3 as never, 3), { ...type, message: /the number 3 is not an Optimizer/ })
    assert.throws(() => new s.MultiStepLR(o, [1.5]), { ...type, message: /must be integers/ })
    assert.throws(() => new s.LambdaLR(o, 3 as never), { ...type, message: /lr_lambda should be a function/ })
    assert.throws(() => new s.ChainedScheduler([3 as never]), { ...type, message: /index 0 should be a scheduler/ })
    const value = { code: 'ERR_INVALID_ARG_VALUE' }
    assert.throws(() => new s.ChainedScheduler([]), { ...value, message: /at least one scheduler to be chained/ })
    const plateau = new s.ReduceLROnPlateau(o)
    assert.throws(() => new s.ChainedScheduler([plateau]), {
      ...value,
      message: /does not support `ReduceLROnPlateau`/,
    })
    const other = warmup(optimizerOf())
    assert.throws(() => new s.SequentialLR(o, [warmup(o), other], [3]), { ...value, message: /the same optimizer/ })
    const cycle = new s.OneCycleLR(o, { maxLr: 1, totalSteps: 1, pctStart: 0 })
    o.step()
    cycle.step()
    assert.throws(() => cycle.step(), { ...value, message: /Tried to step 2 times/ })
  })

  test('a state dict that does not fit changes nothing', () => {
    const o = optimizerOf()
    const wrong = { code: 'ERR_STATE_DICT' }
    const step = new s.StepLR(o, 3)
    const before = step.stateDict()
    assert.throws(() => step.loadStateDict({ ...before, gamma: 'x' }), { ...wrong, message: /'gamma'/ })
    const { step_size, ...rest } = before
    assert.equal(step_size, 3)
    assert.throws(() => step.loadStateDict({ ...rest, last_epoch: 9 }), { ...wrong, message: /'step_size'/ })
    assert.throws(() => step.loadStateDict(null as never), { code: 'ERR_INVALID_ARG_TYPE' })
    assert.deepEqual(step.stateDict(), before)
    const chain = new s.ChainedScheduler([step, new s.ExponentialLR(o, 0.5)])
    const parts = chain.stateDict()._schedulers as Options[]
    assert.throws(() => chain.loadStateDict({ _last_lr: [9, 9], _schedulers: [parts[0]] }), wrong)
    assert.throws(() => chain.loadStateDict({ _last_lr: [9, 9], _schedulers: [{ ...parts[0], gamma: 7 }, {}] }), wrong)
    assert.deepEqual(chain.stateDict()._schedulers, parts)
    assert.notDeepEqual(chain.getLastLr(), [9, 9])
  })
})
