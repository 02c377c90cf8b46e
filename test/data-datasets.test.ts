import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import sharp from 'sharp'
import { create } from 'tar'
import { data, manualSeed, type Tensor } from '../src'
import type { Publication } from '../src/data/cached-files'
import { findFiles } from '../src/data/cached-files'
import { CIFAR10, readParts } from '../src/data/cifar10'
import { MNIST, readPart } from '../src/data/mnist'

const root = mkdtempSync(join(tmpdir(), 'libtorch-node-datasets-'))
const servers: Server[] = []
after(() => {
  for (const server of servers) server.close()
  rmSync(root, { recursive: true })
})

const fresh = () => mkdtempSync(join(root, 'x-'))
const { ToTensor, RandomCrop } = data.transforms

/** A mirror of the files of a folder; `spoil` changes what it sends. */
async function serve(folder: string, spoil: (bytes: Uint8Array) => Uint8Array = bytes => bytes): Promise<string> {
  const server = createServer((request, response) => {
    const path = join(folder, request.url!.split('/').at(-1)!)
    if (existsSync(path)) response.end(spoil(readFileSync(path)))
    else response.writeHead(404).end()
  })
  servers.push(server)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

/** A publication of small files in a folder, with a cache of its own. */
function published(original: Publication, folder: string, addresses: string[]): Publication {
  const files = original.files.map(({ name }) => {
    const bytes = readFileSync(join(folder, name))
    return { name, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }
  })
  return { ...original, files, addresses, env: { LIBTORCH_NODE_CACHE: fresh() } }
}

/** Fashion-MNIST's sample has the names and the form of MNIST's files. */
const DIGITS = join(__dirname, '../src/data/sample')

test('MNIST: from the address that answers, then from the cache; what is wrong is not kept', async () => {
  const broken = await serve(DIGITS, bytes => bytes.map(byte => byte ^ 1))
  const good = await serve(DIGITS)
  const here = published(MNIST, DIGITS, [broken, good])
  const steps: string[] = []
  const onProgress = ({ step, source }: data.DataProgress) => steps.push(`${step} ${source}`)
  const [x, y] = await readPart(here, true, { onProgress })
  assert.deepEqual([x.shape, x.dtype, y.shape, y.dtype], [[1000, 28, 28], 'uint8', [1000], 'uint8'])
  assert.deepEqual([steps[0], steps.at(-1)], ['download download', 'done download'])
  assert.deepEqual(
    readdirSync(join(here.env.LIBTORCH_NODE_CACHE!, 'mnist')).sort(),
    MNIST.files.map(f => f.name).sort(),
  )

  steps.length = 0
  const [tx] = await readPart({ ...here, addresses: [] }, false, { download: false, onProgress })
  assert.deepEqual([tx.shape, steps], [[200, 28, 28], ['done cache']])

  const bad = published(MNIST, DIGITS, [broken])
  await assert.rejects(findFiles(bad, {}), {
    code: 'ERR_DATA',
    message: /MNIST: train-images.* cannot be fetched[\s\S]*expected the SHA-256[\s\S]*name that as \{ root \}/,
  })
  assert.deepEqual(readdirSync(join(bad.env.LIBTORCH_NODE_CACHE!, 'mnist')), [])
  await assert.rejects(findFiles(bad, { download: false }), { code: 'ERR_DATA', message: /switched off/ })
  await assert.rejects(findFiles(bad, { signal: AbortSignal.abort() }), { name: 'AbortError' })
})

test('a download that was cut goes on where it stopped, also that of a process that is no more', async () => {
  const name = MNIST.files[0]!.name
  const whole = readFileSync(join(DIGITS, name))
  const asked: (string | undefined)[] = []
  const server = createServer((request, response) => {
    asked.push(request.headers.range)
    const start = Number(/\d+/.exec(request.headers.range ?? '0')![0])
    const rest = whole.subarray(start)
    response.writeHead(start > 0 ? 206 : 200, { 'content-length': rest.length })
    if (start > 0) response.end(rest)
    else response.write(rest.subarray(0, 50_000), () => setTimeout(() => response.destroy(), 200))
  })
  servers.push(server)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const all = published(MNIST, DIGITS, [address])
  const here = { ...all, files: all.files.slice(0, 1) }
  const cache = join(here.env.LIBTORCH_NODE_CACHE!, 'mnist')
  await assert.rejects(findFiles(here, {}), { code: 'ERR_DATA' })
  const [part] = readdirSync(cache)
  assert.equal(part, `${name}.part-${process.pid}`)
  renameSync(join(cache, part!), join(cache, `${name}.part-999999999`))
  const [path] = await findFiles(here, {})
  assert.ok(readFileSync(path!).equals(whole))
  assert.equal(asked[0], undefined)
  assert.match(asked[1]!, /^bytes=[1-9]\d*-$/)
  assert.deepEqual(readdirSync(cache), [name])
})

test('MNIST and Fashion-MNIST as data sets', async () => {
  {
    const set = await data.mnist.dataset({ root: DIGITS, train: false })
    assert.equal(set.length, 200)
    const [image, label] = (await set.get(-1)) as [Tensor, bigint]
    assert.deepEqual([image.shape, image.dtype, typeof label], [[28, 28], 'uint8', 'bigint'])
    const [batch] = [...new data.DataLoader(set, 8)]
    assert.deepEqual(batch!.map((t: Tensor) => [t.shape, t.dtype]), [[[8, 28, 28], 'uint8'], [[8], 'int64']]) // biome-ignore format: rows
  }
  const transform = new ToTensor()
  const set = await data.fashionMnist.dataset({ sample: true, transform, targetTransform: label => label + 10n })
  assert.deepEqual([set.length, set.classes[9], data.mnist.classes[9]], [1000, 'Ankle boot', '9'])
  for (const [x, y] of new data.DataLoader(set, { batchSize: 4 })) {
    assert.deepEqual([x.shape, x.dtype, y.shape, y.dtype], [[4, 1, 28, 28], 'float32', [4], 'int64'])
    assert.ok(y.min().item() >= 10 && x.max().item() <= 1)
    break
  }
  const [plain] = [...new data.DataLoader(await data.fashionMnist.dataset({ sample: true }), 1000)]
  const [[x, y]] = await data.fashionMnist.loadData({ sample: true })
  assert.ok(plain![0].equal(x) && plain![1].equal(y.long()))
  const all = new data.DataLoader(await data.fashionMnist.dataset({ sample: true, transform }), 1000)
  for (const [images] of all) assert.ok(images.equal(x.unsqueeze(1).to('float32').div(255)))

  await assert.rejects(data.mnist.dataset({ root: fresh() }), { code: 'ERR_DATA', message: /lacks train-images/ })
  await assert.rejects(data.mnist.dataset({ trian: false } as never), {
    code: 'ERR_UNKNOWN_OPTION',
    message: /'train'/,
  })
  await assert.rejects(data.mnist.loadData({ root: 5 } as never), { code: 'ERR_INVALID_ARG_TYPE' })
  await assert.rejects(data.mnist.loadData(5 as never), { code: 'ERR_INVALID_ARG_TYPE', message: /one options object/ })
  await assert.rejects(data.fashionMnist.dataset({ sample: true, transform: 5 as never }), {
    code: 'ERR_INVALID_ARG_TYPE',
    message: /'transform': expected a transform or a function, got the number 5/,
  })
})

/** An archive in the form of CIFAR-10's binary version: `counts` records in each file, pixel values that tell their place. */
async function makeArchive(files: Record<string, Uint8Array>): Promise<string> {
  const folder = fresh()
  const inner = join(folder, 'cifar-10-batches-bin')
  mkdirSync(inner)
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(inner, name), bytes)
  await create({ file: join(folder, 'cifar-10-binary.tar.gz'), gzip: true, cwd: folder }, ['cifar-10-batches-bin'])
  return folder
}

function records(count: number, first: number): Uint8Array {
  const bytes = new Uint8Array(count * 3073)
  for (let i = 0; i < count; i++) {
    bytes[i * 3073] = (first + i) % 10
    bytes.fill(first + i, i * 3073 + 1, i * 3073 + 1025)
    bytes.fill(100 + first + i, i * 3073 + 1025, (i + 1) * 3073)
  }
  return bytes
}

test('CIFAR-10: the records of an archive, fetched or in a folder', async () => {
  const names = [1, 2, 3, 4, 5].map(i => `data_batch_${i}.bin`)
  const files = Object.fromEntries([
    ...names.map((name, i) => [name, records(2, 2 * i)]),
    ['test_batch.bin', records(3, 20)],
  ])
  const folder = await makeArchive(files)
  const here = published(CIFAR10, folder, [await serve(folder)])
  const [[x, y]] = (await readParts(here, [names], {})) as [[Tensor, Tensor]]
  assert.deepEqual([x.shape, x.dtype, y.tolist()], [[10, 3, 32, 32], 'uint8', [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]])
  assert.deepEqual(x.select(0, 7).select(-1, 31).select(-1, 31).tolist(), [7, 107, 107])

  manualSeed(0)
  const transform = new data.transforms.Compose([new RandomCrop(32, { padding: 4 }), new ToTensor()])
  const set = await data.cifar10.dataset({ root: folder, train: false, transform })
  const [batch] = [...new data.DataLoader(set, 3)]
  assert.deepEqual([batch![0].shape, batch![0].dtype, batch![1].tolist()], [[3, 3, 32, 32], 'float32', [0, 1, 2]])
  assert.equal(set.classes[0], 'airplane')
  const [[, trainY], [testX]] = await data.cifar10.loadData({ root: folder })
  assert.deepEqual([trainY.shape, testX.shape], [[10], [3, 3, 32, 32]])

  const lacking = await makeArchive({ 'data_batch_1.bin': records(1, 0) })
  await assert.rejects(data.cifar10.dataset({ root: lacking }), {
    code: 'ERR_DATA',
    message: /lacks data_batch_2\.bin/,
  })
  const short = await makeArchive({ 'test_batch.bin': new Uint8Array(3000) })
  await assert.rejects(data.cifar10.dataset({ root: short, train: false }), {
    code: 'ERR_FILE_FORMAT',
    message: /expected records of 3073 bytes, found 3000/,
  })
  const odd = await makeArchive({ 'test_batch.bin': new Uint8Array(3073).fill(77) })
  await assert.rejects(data.cifar10.dataset({ root: odd, train: false }), {
    code: 'ERR_FILE_FORMAT',
    message: /labels from 0 to 9, found 77/,
  })
  const cut = fresh()
  writeFileSync(
    join(cut, 'cifar-10-binary.tar.gz'),
    readFileSync(join(folder, 'cifar-10-binary.tar.gz')).subarray(0, 90),
  )
  await assert.rejects(data.cifar10.dataset({ root: cut, train: false }), (error: { code: string }) =>
    ['ERR_FILE_FORMAT', 'ERR_DATA'].includes(error.code),
  )
})

async function picture(path: string, background: { r: number; g: number; b: number }, width = 6, height = 4) {
  mkdirSync(join(path, '..'), { recursive: true })
  const { format } = { format: path.endsWith('.jpg') ? 'jpeg' : 'png' } as const
  await sharp({ create: { width, height, channels: 3, background } })
    .toFormat(format as 'png')
    .toFile(path)
}

test('ImageFolder: classes, files, pictures, transforms, workers', { timeout: 120_000 }, async () => {
  const folder = fresh()
  await picture(join(folder, 'dogs', 'b.png'), { r: 1, g: 2, b: 3 })
  await picture(join(folder, 'dogs', 'a', 'z.PNG'), { r: 4, g: 5, b: 6 })
  await picture(join(folder, 'cats', 'c.png'), { r: 7, g: 8, b: 9 })
  writeFileSync(join(folder, 'cats', 'notes.txt'), 'no picture')
  const gray = Buffer.alloc(24, 50)
  await sharp(gray, { raw: { width: 6, height: 4, channels: 1 } })
    .png()
    .toFile(join(folder, 'cats', 'gray.png'))

  const set = new data.ImageFolder(folder)
  assert.deepEqual([set.length, set.classes, set.classToIdx], [4, ['cats', 'dogs'], { cats: 0, dogs: 1 }])
  assert.deepEqual(
    set.samples.map(([path, label]) => [path.slice(folder.length + 1), label]),
    [['cats/c.png', 0n], ['cats/gray.png', 0n], ['dogs/b.png', 1n], ['dogs/a/z.PNG', 1n]], // biome-ignore format: rows
  )
  const [image, label] = await set.get(2)
  assert.deepEqual([image.shape, image.dtype, label], [[3, 4, 6], 'uint8', 1n])
  assert.deepEqual(image.select(-1, 0).select(-1, 0).tolist(), [1, 2, 3])
  assert.deepEqual((await set.get(1))[0].select(-1, 5).select(-1, 3).tolist(), [50, 50, 50])

  const transform = new data.transforms.Compose([new RandomCrop(2), new ToTensor()])
  const moved = new data.ImageFolder(folder, { transform })
  for (const numWorkers of [0, 1]) {
    const seen: unknown[] = []
    for await (const [x, y] of new data.DataLoader(moved, { batchSize: 3, numWorkers })) {
      seen.push([x.shape, x.dtype, y.tolist(), Math.round(x.select(0, 0).max().item() * 255)])
    }
    assert.deepEqual(seen, [
      [[3, 3, 2, 2], 'float32', [0, 0, 1], 9],
      [[1, 3, 2, 2], 'float32', [1], 6],
    ])
  }
  const own = new data.ImageFolder(folder, { loader: path => path.length, targetTransform: i => `class ${i}` })
  assert.deepEqual(await own.get(0), [join(folder, 'cats', 'c.png').length, 'class 0'])

  writeFileSync(join(folder, 'cats', 'broken.png'), 'no picture')
  await assert.rejects(new data.ImageFolder(folder).get(0), {
    code: 'ERR_DATA',
    message: /cannot read the picture .*broken/,
  })
  await assert.rejects(set.get(4), { code: 'ERR_OUT_OF_RANGE' })
  mkdirSync(join(folder, 'empty'))
  assert.throws(() => new data.ImageFolder(folder), {
    code: 'ERR_DATA',
    message: /no valid file for the classes empty/,
  })
  assert.equal(new data.ImageFolder(folder, { allowEmpty: true }).classes.length, 3)
  assert.throws(() => new data.ImageFolder(join(folder, 'empty')), { code: 'ERR_DATA', message: /any class folder/ })
  assert.throws(() => new data.ImageFolder(join(folder, 'none')), {
    code: 'ERR_DATA',
    message: /cannot read the folder/,
  })
  assert.throws(() => new data.ImageFolder(folder, { transfrm: null } as never), { code: 'ERR_UNKNOWN_OPTION' })
})
