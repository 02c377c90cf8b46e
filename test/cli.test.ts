import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { after, test } from 'node:test'
import { loadImage } from '@napi-rs/canvas'
import { cuda, data, load, version } from '../src'
import { RUNS, referenceFor } from './reference/training'

const ROOT = resolve(__dirname, '..')
const TEMPORARY = mkdtempSync(join(tmpdir(), 'libtorch-node-cli-'))
after(() => rmSync(TEMPORARY, { recursive: true }))

let folders = 0
/** A fresh name in the temporary folder. */
const fresh = () => join(TEMPORARY, String(++folders))

interface Finished {
  code: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
}

function start(args: string[], cwd = ROOT, program = 'src/cli/main.ts'): ChildProcess {
  const register = require.resolve('ts-node/register')
  const env = { ...process.env, TS_NODE_PROJECT: join(ROOT, 'tsconfig.json'), DEBUG: '' }
  return spawn(process.execPath, ['--require', register, join(ROOT, program), ...args], { cwd, env })
}

async function finish(child: ChildProcess): Promise<Finished> {
  let stdout = ''
  let stderr = ''
  child.stdout!.on('data', chunk => {
    stdout += chunk
  })
  child.stderr!.on('data', chunk => {
    stderr += chunk
  })
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
  return { code, signal, stdout, stderr }
}

const run = (args: string[], cwd?: string, program?: string) => finish(start(args, cwd, program))
const QUICK = ['--data', 'sample', '--device', 'cpu', '--epochs', '2']

test('wrong options are refused by name with the nearest right one, and nothing is written', async () => {
  const cwd = fresh()
  mkdirSync(cwd)
  const cases: [string[], RegExp][] = [
    [['train', '--epoch', '5'], /unknown option '--epoch'\s+\(Did you mean --epochs\?\)/],
    [['train', '--epochs', 'many'], /'--epochs <n>' argument 'many' is invalid\. Expected an integer of at least 1/],
    [['train', '--epochs', '0'], /Expected an integer of at least 1/],
    [['train', '--epochs', '1.5'], /Expected an integer of at least 1/],
    [['train', '--lr', '-1'], /'--lr <rate>' argument '-1' is invalid\. Expected a number of at least 0/],
    [['train', '--batch-size', 'half'], /Expected "full" or an integer of at least 1/],
    [['train', '--split-seed', '4294967296'], /Expected an integer from 0 to 4294967295/],
    [['train', '--device', 'gpu'], /Expected auto, cpu, cuda or cuda:<index>/],
    [['train', '--limit', '1'], /Expected an integer of at least 2/],
    [['train', '--threads'], /'--threads <n>' argument missing/],
    [['train', 'more'], /too many arguments for 'train'/],
    [['evaluate'], /missing required argument 'model'/],
    [['trian'], /unknown command 'trian'\s+\(Did you mean train\?\)/],
  ]
  const results = []
  for (const [args] of cases) results.push(await run(args, cwd))
  results.forEach(({ code, stdout, stderr }, i) => {
    assert.match(stderr, cases[i]![1])
    assert.deepEqual([code, stdout], [2, ''], cases[i]![0].join(' '))
  })
  assert.deepEqual(readdirSync(cwd), [])
})

test('what only a look at the machine can refuse is refused before anything is written, too', async () => {
  const cwd = fresh()
  mkdirSync(cwd)
  writeFileSync(join(cwd, 'file'), '')
  writeFileSync(join(cwd, 'broken.safetensors'), '')
  const cases: [string[], RegExp][] = [
    [['train', ...QUICK, '--out', 'file'], /--out: expected a folder, but file is a file \(ERR_DATA\)/],
    [['train', '--data', 'nowhere'], /nowhere/],
    [['train', ...QUICK, '--limit', '1001'], /--limit 1001: expected at most 1000, the number of training images/],
    [['evaluate', 'nothing.safetensors'], /nothing\.safetensors: expected a \.safetensors file/],
    [['evaluate', 'broken.safetensors', '--data', 'sample'], /broken\.safetensors.*\(ERR_FILE_FORMAT\)/],
  ]
  if (!cuda.isAvailable()) cases.push([['train', '--device', 'cuda'], /--device cuda: no CUDA device.*--device cpu/])
  for (const [args, message] of cases) {
    const { code, stdout, stderr } = await run(args, cwd)
    assert.match(stderr, message)
    assert.doesNotMatch(stderr, /\n\s+at /, 'no stack')
    assert.equal(code, 1)
    assert.doesNotMatch(stdout, /trainX|Net\(|epoch/)
  }
  assert.deepEqual(readdirSync(cwd), ['broken.safetensors', 'file'])
})

test('train --json prints the epochs and the end as JSON lines, words on stderr, and leaves the files', async t => {
  const [train, test] = await data.fashionMnist.loadData({ sample: true })
  const reference = referenceFor('sample', RUNS[1], () => [train, test])
  t.diagnostic(`compared ${reference.told}`)
  const out = fresh()
  const seeds = ['--seed', '0', '--split-seed', '0', '--threads', '1']
  const args = ['--data', 'sample', '--device', 'cpu', '--epochs', '5', ...seeds, '--json', '--out', out]
  const { code, stdout, stderr } = await run(args, ROOT, 'src/train.ts')
  assert.equal(code, 0, stderr)
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))
  assert.equal(lines.length, 6)
  const history = JSON.parse(readFileSync(join(out, 'history.json'), 'utf8'))
  lines.slice(0, 5).forEach((line, epoch) => {
    assert.deepEqual(Object.keys(line), ['event', 'epoch', 'trainLoss', 'valLoss', 'seconds'])
    const { trainLosses, valLosses } = reference.run
    assert.deepEqual([line.event, line.epoch], ['epoch', epoch])
    assert.deepEqual([line.trainLoss, line.valLoss], [history.trainLosses[epoch], history.valLosses[epoch]])
    if (reference.exact) assert.deepEqual([line.trainLoss, line.valLoss], [trainLosses[epoch], valLosses[epoch]])
    assert.equal(Math.fround(line.trainLoss), line.trainLoss)
  })
  const done = lines[5]
  const keys = [
    'event',
    'trainAccuracy',
    'valAccuracy',
    'testAccuracy',
    'epochs',
    'seconds',
    'device',
    'libtorch',
    'out',
  ]
  assert.deepEqual(Object.keys(done), keys)
  assert.deepEqual([done.event, done.epochs, done.device, done.out], ['done', 5, 'cpu', out])
  assert.equal(done.libtorch, version.libtorch)
  if (reference.exact) {
    const { trainAccuracy, valAccuracy, testAccuracy } = reference.run
    assert.deepEqual(
      [done.trainAccuracy, done.valAccuracy, done.testAccuracy],
      [trainAccuracy, valAccuracy, testAccuracy],
    )
  }
  assert.match(stderr, /\[1000, 28, 28\] \[1000\] \[200, 28, 28\] \[200\]/)
  assert.match(stderr, /Net\(\n {2}\(cnn_layers\): Sequential\(\n/)
  assert.match(stderr, /epoch 4 +training loss \d+\.\d{4} +validation loss \d+\.\d{4} +\d+\.\d+ s/)
  const files = ['history.json', 'loss.png', 'loss.svg', 'model.safetensors', 'samples.png']
  assert.deepEqual(readdirSync(out).sort(), files)
  assert.equal((await loadImage(join(out, 'loss.png'))).width, 1800)
  assert.equal((await loadImage(join(out, 'samples.png'))).width, 992)
  assert.equal(Object.keys(load(join(out, 'model.safetensors'))).length, 16)

  const evaluated = await run(['evaluate', out, '--data', 'sample', '--device', 'cpu', '--threads', '1', '--json'])
  assert.equal(evaluated.code, 0, evaluated.stderr)
  const { testAccuracy, images } = JSON.parse(evaluated.stdout)
  assert.equal(images, 200)
  if (reference.exact) assert.equal(testAccuracy, reference.run.evalTestAccuracy)
  assert.match(evaluated.stderr, /accuracy on the test set: 0\.\d{4} \(200 images, eval mode, cpu\)/)
})

test('train --compile has the losses of the loop, and tells what was fused', async () => {
  const losses: number[][] = []
  for (const compile of [[], ['--compile']]) {
    const out = fresh()
    const args = ['train', ...QUICK, '--seed', '0', '--split-seed', '0', '--batch-size', '300', '--out', out]
    const { code, stdout, stderr } = await run([...args, ...compile])
    assert.deepEqual([code, stderr], [0, ''])
    const history = JSON.parse(readFileSync(join(out, 'history.json'), 'utf8'))
    losses.push(history.trainLosses)
    assert.equal(history.settings.compile, compile.length > 0)
    assert.equal(stdout.includes('a whole step: fused'), compile.length > 0)
  }
  // Validation may differ: eager's Adam walks on biases below a batch norm, whose gradients are nothing but roundings
  for (const [i, loss] of losses[0]!.entries()) assert.ok(Math.abs(loss - losses[1]![i]!) < 1e-3 * loss, `${losses}`)
})

test('train tells people everything on stdout in the order of the article, into a fresh folder', async () => {
  const cwd = fresh()
  mkdirSync(cwd)
  const { code, stdout, stderr } = await run(['train', ...QUICK, '--batch-size', '200', '--limit', '500'], cwd)
  assert.deepEqual([code, stderr], [0, ''])
  const [folder] = readdirSync(join(cwd, 'runs'))
  assert.match(folder!, /^\d{4}-\d\d-\d\d_\d\d\.\d\d\.\d\d$/)
  const order = [
    /a sample of Fashion-MNIST/,
    /\[1000, 28, 28\]/,
    /samples\.png/,
    /training on \[450, 1, 28, 28\], validating on \[50, 1, 28, 28\]/,
    /Net\(/,
    /epoch 0/,
    /epoch 1/,
    /loss\.svg/,
    /training set: +0\.\d{4}/,
    /validation set: +0\.\d{4}/,
    /test set: +0\.\d{4}/,
    /model\.safetensors/,
  ].map(part => stdout.search(part))
  assert.ok(
    order.every((at, i) => at >= 0 && (i === 0 || at > order[i - 1]!)),
    `${order}\n${stdout}`,
  )
  const { settings } = JSON.parse(readFileSync(join(cwd, 'runs', folder!, 'history.json'), 'utf8'))
  assert.ok(Number.isSafeInteger(settings.seed) && Number.isSafeInteger(settings.splitSeed), 'a run can be repeated')
})

test('Ctrl-C ends after the step, keeps what was trained, says where, and exits 130', async () => {
  const out = fresh()
  const child = start(['train', ...QUICK.slice(0, 4), '--epochs', '100000', '--json', '--out', out])
  const finished = finish(child)
  await once(createInterface(child.stdout!), 'line')
  child.kill('SIGINT')
  const { code, stdout, stderr } = await finished
  assert.equal(code, 130, stderr)
  const epochs = stdout.trimEnd().split('\n').length
  assert.match(stderr, new RegExp(`stopped after ${epochs} of 100000 epochs; what was trained is in ${out}`))
  const history = JSON.parse(readFileSync(join(out, 'history.json'), 'utf8'))
  assert.deepEqual([history.interrupted, history.trainLosses.length], [true, epochs])
  for (const file of ['model.safetensors', 'loss.png', 'loss.svg']) assert.ok(existsSync(join(out, file)), file)
})

test('a second Ctrl-C ends the process at once', async () => {
  const script = join(fresh(), '..', 'twice.ts')
  const interrupt = JSON.stringify(join(ROOT, 'src/cli/interrupt'))
  writeFileSync(
    script,
    `const { interruptible } = require(${interrupt})
    const { signal } = interruptible(() => console.log('first'))
    signal.addEventListener('abort', () => console.log('aborted'))
    setInterval(() => {}, 1000)
    console.log('ready')`,
  )
  const env = { ...process.env, TS_NODE_PROJECT: join(ROOT, 'tsconfig.json') }
  const child = spawn(process.execPath, ['--require', require.resolve('ts-node/register'), script], { cwd: ROOT, env })
  const lines = createInterface(child.stdout!)
  const seen: string[] = []
  lines.on('line', line => {
    seen.push(line)
    if (line === 'ready' || line === 'aborted') child.kill('SIGINT')
  })
  const [, signal] = await once(child, 'exit')
  assert.deepEqual([seen, signal], [['ready', 'first', 'aborted'], 'SIGINT'])
})

test('a reader of stdout that goes away ends the training, which keeps what was trained', async () => {
  const out = fresh()
  const child = start(['train', ...QUICK.slice(0, 4), '--epochs', '100000', '--json', '--out', out])
  const closed = once(child, 'close')
  let stderr = ''
  child.stderr!.on('data', chunk => {
    stderr += chunk
  })
  await once(createInterface(child.stdout!), 'line')
  child.stdout!.destroy()
  const [code] = await closed
  assert.equal(code, 141, stderr)
  assert.ok(existsSync(join(out, 'model.safetensors')))
  assert.doesNotMatch(stderr, /EPIPE|\n\s+at /)
})

test('help and version need no libtorch', async () => {
  const help = await run(['train', '--help'])
  assert.equal(help.code, 0)
  for (const option of [
    'epochs',
    'lr',
    'batch-size',
    'seed',
    'split-seed',
    'device',
    'threads',
    'limit',
    'data',
    'out',
    'json',
  ]) {
    assert.match(help.stdout, new RegExp(`--${option}\\b`))
  }
  const { version: own } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  assert.equal((await run(['--version'])).stdout, `${own}\n`)
  const code =
    "require('./src/cli/main'); console.log(Object.keys(require.cache).filter(f => /native.load|canvas|chart/.test(f)).length)"
  const child = spawn(process.execPath, ['--require', 'ts-node/register', '-e', code], { cwd: ROOT })
  assert.equal((await finish(child)).stdout, '0\n')
})
