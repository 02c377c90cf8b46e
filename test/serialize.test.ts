import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { callOperator } from '../src/ops/registry'
import { load, loadMetadata, save } from '../src/serialize'
import { writeAtomically } from '../src/serialize/write-atomically'
import { arange, empty, manualSeed, randn, type Tensor, tensor, zeros } from '../src/tensor'

const fixtures = join(__dirname, 'reference/fixtures')
const fixture = JSON.parse(readFileSync(join(fixtures, 'serialize.json'), 'utf8'))
const python = join(fixtures, 'serialize.safetensors')
const folder = mkdtempSync(join(tmpdir(), 'libtorch-node-serialize-'))
after(() => rmSync(folder, { recursive: true }))

let count = 0
const fresh = () => join(folder, `${count++}.safetensors`)

function describe(tensor: Tensor) {
  return { dtype: tensor.dtype, shape: tensor.shape, bytes: Buffer.from(tensor.bytes()).toString('hex') }
}

test(`reads what Python wrote, every dtype, bit for bit (safetensors ${fixture['made by'].safetensors})`, () => {
  const tensors = load(python)
  const names = Object.keys(fixture.tensors)
  assert.deepEqual(Object.keys(tensors).sort(), [...names, '__proto__'].sort())
  for (const name of names) assert.deepEqual(describe(tensors[name]!), fixture.tensors[name], name)
  assert.deepEqual(loadMetadata(python), { 'made by': 'Python' })
})

test('writes what Python writes, byte for byte', () => {
  const file = fresh()
  save(load(python), file, { metadata: { 'made by': 'Python' } })
  assert.ok(readFileSync(file).equals(readFileSync(python)))
})

test('the other way, live: Python reads our file and writes one that we read', t => {
  const interpreter = findPython()
  if (interpreter === undefined) return t.skip('no Python with torch and safetensors (LIBTORCH_NODE_PYTHON names one)')
  t.diagnostic(`against ${interpreter}`)
  manualSeed(0)
  const [ours, theirs] = [fresh(), fresh()]
  const tensors = { ...load(python), view: randn([4, 5]).t() as Tensor, big: randn([300, 700]) as Tensor }
  save(tensors, ours, { metadata: { a: 'ä"\n' } })
  const program = [
    'import sys, safetensors',
    'from safetensors.torch import load_file, save_file',
    'tensors = load_file(sys.argv[1])',
    "assert safetensors.safe_open(sys.argv[1], 'pt').metadata() == {'a': 'ä\"\\n'}",
    "tensors['doubled'] = tensors['big'].double() * 2",
    'save_file(tensors, sys.argv[2])',
  ]
  const { status, stderr } = spawnSync(interpreter, ['-c', program.join('\n'), ours, theirs], { encoding: 'utf8' })
  assert.equal(status, 0, stderr)
  const back = load(theirs)
  assert.deepEqual(Object.keys(back).sort(), [...Object.keys(tensors), 'doubled'].sort())
  for (const [name, tensor] of Object.entries(tensors)) assert.deepEqual(describe(back[name]!), describe(tensor), name)
  assert.deepEqual(describe(back.doubled!), describe(tensors.big.double().mul(2)))
})

function findPython(): string | undefined {
  const named = process.env.LIBTORCH_NODE_PYTHON
  const works = (python: string) => spawnSync(python, ['-c', 'import torch, safetensors.torch']).status === 0
  return (named ? [named] : ['python3', 'python']).find(works)
}

for (const { what, base64, refused } of fixture.files) {
  const bytes = Buffer.from(base64, 'base64')
  if (refused === null && what !== 'a name twice') continue
  test(`refuses ${what}`, () => {
    const file = fresh()
    writeFileSync(file, bytes)
    assert.throws(() => load(file), { name: 'FileFormatError', code: 'ERR_FILE_FORMAT' })
    assert.throws(() => loadMetadata(file), { code: 'ERR_FILE_FORMAT' })
  })
}

test('a file of half bytes, which no dtype holds', () => {
  const file = fresh()
  const text = '{"a":{"dtype":"F4","shape":[4],"data_offsets":[0,2]}}'
  writeFileSync(
    file,
    Buffer.concat([Buffer.from([text.length, 0, 0, 0, 0, 0, 0, 0]), Buffer.from(text), Buffer.alloc(2)]),
  )
  assert.throws(() => load(file), { code: 'ERR_UNSUPPORTED_TYPE', message: /'a' has elements of F4/ })
})

test('views, shared storage, scalars and empty tensors come back as what they show', () => {
  const whole = arange(12, { dtype: 'float32' }).view([3, 4])
  const tensors: Record<string, Tensor> = {
    whole,
    again: whole,
    transposed: whole.t(),
    column: whole.select(1, 2),
    strided: whole.slice(1, 0, 4, 2),
    expanded: tensor([1, 2]).expand([3, 2]),
    conjugate: (tensor([{ re: 1, im: 2 }]) as Tensor).conj(),
    negative: callOperator('aten::_neg_view', '', [tensor([1, 2])]) as Tensor,
    scalar: tensor(3) as Tensor,
    empty: zeros([2, 0, 3]) as Tensor,
    leaf: tensor([1, 2], { requiresGrad: true }),
  }
  const file = fresh()
  save(tensors, file)
  const back = load(file)
  for (const [name, tensor] of Object.entries(tensors)) {
    assert.deepEqual(back[name]!.shape, tensor.shape, name)
    assert.deepEqual(back[name]!.tolist(), tensor.tolist(), name)
    assert.ok(back[name]!.isContiguous() && !back[name]!.requiresGrad)
  }
  back.whole!.fill_(0)
  assert.equal((back.again!.tolist() as number[][])[2]![3], 11)
})

test('nothing at all, and where to put it', () => {
  const file = fresh()
  save({}, file)
  assert.deepEqual(load(file), {})
  assert.deepEqual(loadMetadata(file), {})
  save({ a: tensor([1, 2]) }, pathToFileURL(file))
  assert.equal(load(pathToFileURL(file), 'cpu').a!.device, 'cpu')
  assert.equal(load(file, { mapLocation: 'meta' }).a!.device, 'meta')
  assert.equal(load(file, { device: 'meta' }).a!.device, 'meta')
})

test('a failure leaves the older file as it was, and nothing beside it', () => {
  const place = join(folder, 'atomic')
  mkdirSync(place)
  const file = join(place, 'net.safetensors')
  save({ a: tensor([1, 2]) }, file)
  const before = readFileSync(file)
  const disposed = tensor([1, 2]) as Tensor
  disposed.dispose()
  assert.throws(() => save({ a: tensor([3, 4]), b: disposed }, file), { code: 'ERR_DISPOSED' })
  const failing = function* () {
    yield new Uint8Array(10)
    throw new Error('no space left')
  }
  assert.throws(() => writeAtomically(file, failing), { message: 'no space left' })
  assert.ok(readFileSync(file).equals(before))
  mkdirSync(join(place, 'folder.safetensors'))
  assert.throws(() => save({ a: tensor([1, 2]) }, join(place, 'folder.safetensors')), { code: /EISDIR|EPERM/ } as never)
  assert.deepEqual(readdirSync(place).sort(), ['folder.safetensors', 'net.safetensors'])
  assert.throws(() => save({}, join(place, 'none', 'net.safetensors')), { code: 'ENOENT' })
  assert.ok(!existsSync(join(place, 'none')))
})

test('a file that is replaced keeps its mode, and a link stays a link', { skip: process.platform === 'win32' }, () => {
  const [file, link] = [fresh(), fresh()]
  save({ a: tensor([1]) }, file)
  chmodSync(file, 0o640)
  symlinkSync(file, link)
  save({ a: tensor([1, 2]) }, link)
  assert.deepEqual(load(file).a!.tolist(), [1, 2])
  assert.equal(statSync(file).mode & 0o777, 0o640)
})

test('tensors loaded stay whole when the file goes or changes', () => {
  const file = fresh()
  save({ a: arange(1000) }, file)
  const { a } = load(file)
  save({ a: zeros([1000]) }, file)
  rmSync(file)
  assert.equal(a!.sum().item(), 499500)
})

test('what is refused', () => {
  const write = save as (...args: unknown[]) => void
  const read = load as (...args: unknown[]) => unknown
  const file = fresh()
  assert.throws(() => write({ a: 1 }, file), {
    code: 'ERR_INVALID_ARG_TYPE',
    message: "save: 'a' must be a tensor, got the number 1",
  })
  assert.throws(() => write([tensor(1)], file), { code: 'ERR_INVALID_ARG_TYPE', message: /an array of length 1/ })
  assert.throws(() => write(tensor(1), file), { code: 'ERR_INVALID_ARG_TYPE' })
  assert.throws(() => write({ __metadata__: tensor(1) }, file), { code: 'ERR_INVALID_ARG_VALUE' })
  assert.throws(() => write({ a: empty([2], { dtype: 'complex128' }) }, file), {
    code: 'ERR_UNSUPPORTED_TYPE',
    message: /complex128/,
  })
  assert.throws(() => write({ a: tensor([1, 0]).toSparse() }, file), {
    code: 'ERR_UNSUPPORTED_TYPE',
    message: /toDense/,
  })
  assert.throws(() => write({}, file, { metadat: {} }), {
    code: 'ERR_UNKNOWN_OPTION',
    message: /did you mean 'metadata'/,
  })
  assert.throws(() => write({}, file, 5), { code: 'ERR_INVALID_ARG_TYPE' })
  assert.throws(() => write({}, 5), { code: 'ERR_INVALID_ARG_TYPE', message: /'path' must be a string/ })
  for (const name of ['net.pt', 'net', 'net.bin']) {
    const code = 'ERR_INVALID_ARG_VALUE'
    assert.throws(() => write({}, name), { code, message: `save: expected a file named *.safetensors, got '${name}'` })
    assert.throws(() => read(name), { code, message: `load: expected a file named *.safetensors, got '${name}'` })
  }
  assert.ok(!existsSync(file))
  assert.throws(() => read(file), { code: 'ENOENT' })
  assert.throws(() => read(python, { devices: 'cpu' }), { code: 'ERR_UNKNOWN_OPTION' })
  assert.throws(() => read(python, 5), { code: 'ERR_INVALID_ARG_TYPE' })
})
