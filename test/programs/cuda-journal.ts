// What a CUDA is asked to do, as the stand-in wrote it down. Prints JSON.
import * as torch from '../../src'
import { cuda, nn, optim, type Tensor, train } from '../../src'

const standIn = (globalThis as unknown as { cudaStandIn: { takeJournal(): string; countEvents(): number } }).cudaStandIn

function journal(work: () => unknown): string[] {
  standIn.takeJournal()
  work()
  return standIn.takeJournal().split('\n').slice(0, -1)
}

const side = new cuda.Stream()
const pageable = torch.ones([4])
const pinned = pageable.pinMemory()
const there = pageable.cuda()

const streams = journal(() => {
  side.waitStream(cuda.currentStream())
  cuda.stream(side, () => new cuda.Event({ enableTiming: true }).record())
  there.recordStream(side)
  side.synchronize()
  cuda.synchronize('cuda:1')
})

const copies = journal(() => {
  pinned.to('cuda', { nonBlocking: true })
  cuda.stream(side, () => {
    pinned.cuda({ nonBlocking: true })
    torch.empty([4], { pinMemory: true }).copy_(there, { nonBlocking: true })
  })
  pinned.to('cuda')
  pageable.to('cuda:1', { nonBlocking: true })
})

/** A step written out, after a first one that makes the optimizer's state. */
function step(make: (parameters: Iterable<Tensor>) => { zeroGrad(): unknown; step(): unknown }): string[] {
  const model = new nn.Sequential(new nn.Conv2d(1, 2, 3), new nn.BatchNorm2d(2), new nn.ReLU(), new nn.MaxPool2d(2))
  const head = new nn.Linear(18, 10)
  const criterion = new nn.CrossEntropyLoss()
  model.cuda()
  head.cuda()
  const x = torch.ones([5, 1, 8, 8], { device: 'cuda' })
  const y = torch.arange(5).to('cuda')
  const optimizer = make([...model.parameters(), ...head.parameters()])
  const once = () => {
    optimizer.zeroGrad()
    const output = head.forward((model.forward(x) as Tensor<[5, 2, 3, 3]>).flatten(1))
    criterion.forward(output, y).backward()
    optimizer.step()
  }
  once()
  return journal(once)
}

const steps = {
  adam: step(parameters => new optim.Adam(parameters)),
  'adam, single': step(parameters => new optim.Adam(parameters, { foreach: false })),
  'adam, fused': step(parameters => new optim.Adam(parameters, { fused: true })),
  sgd: step(parameters => new optim.SGD(parameters, { lr: 0.1, momentum: 0.9 })),
  'sgd, fused': step(parameters => new optim.SGD(parameters, { lr: 0.1, momentum: 0.9, fused: true })),
}

/** What the last epochs of a compiled training ask for, after the capture. */
async function graphed(batchSize: 'full' | number): Promise<string[]> {
  const model = new nn.Sequential(new nn.Flatten(), new nn.Linear(16, 8), new nn.ReLU(), new nn.Linear(8, 3))
  model.cuda()
  const data = () => [torch.rand([8, 1, 4, 4]).cuda(), torch.arange(8).remainder(3).cuda()] as [Tensor, Tensor]
  const optimizer = new optim.Adam(model.parameters())
  let lines: string[] = []
  await train(model as never, { train: data(), validation: data() } as never, {
    epochs: 6,
    optimizer,
    batchSize,
    compile: true,
    onEpoch: ({ epoch }) => {
      const taken = standIn.takeJournal().split('\n').slice(0, -1)
      if (epoch === 5) lines = taken
    },
  })
  return lines
}

const read = journal(() => there.sum().item())

for (let i = 0; i < 100; i++) cuda.currentStream().recordEvent()
torch.memory.collect()
const events = standIn.countEvents()

async function main(): Promise<void> {
  const [full, batches] = [await graphed('full'), await graphed(4)]
  console.log(JSON.stringify({ streams, copies, steps, read, events, full, batches }))
}
main()
