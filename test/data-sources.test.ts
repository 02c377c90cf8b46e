import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, beforeEach, test } from 'node:test'
import { gunzipSync, gzipSync } from 'node:zlib'
import { download } from '../src/data/download'
import { type DataFile, FILES, filesOf } from '../src/data/fashion-mnist-files'
import { type DataProgress, findArrays, SAMPLE, type Surroundings } from '../src/data/fashion-mnist-sources'

// The sample stands for the real files: they are not on every machine.
const sample = join(__dirname, '../src/data/sample')
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const files: DataFile[] = filesOf(SAMPLE.train, SAMPLE.test).map(({ name, shape }) => {
  const packed = readFileSync(join(sample, name))
  const content = sha256(gunzipSync(packed).subarray(4 + 4 * shape.length))
  return { name, shape, bytes: packed.length, sha256: sha256(packed), content }
})

const root = mkdtempSync(join(tmpdir(), 'libtorch-node-data-'))
let here: Surroundings
let cache: string
let count = 0
beforeEach(() => {
  const folder = join(root, `${count++}`)
  cache = join(folder, 'cache', 'fashion-mnist')
  here = {
    env: { LIBTORCH_NODE_CACHE: join(folder, 'cache') },
    debianFolder: join(folder, 'debian'),
    addresses: [],
    files,
  }
})

const servers: Server[] = []
const path = process.env.PATH
after(() => {
  for (const server of servers) server.close()
  process.env.PATH = path
  rmSync(root, { recursive: true })
})

type Answer = (name: string) => { status?: number; body?: Uint8Array; cut?: boolean; silent?: boolean }

/** A server of the four files that can be made to fail. */
async function serve(answer: Answer = name => ({ body: readFileSync(join(sample, name)) })): Promise<string> {
  const server = createServer((request, response) => {
    const {
      status = 200,
      body = new Uint8Array(),
      cut,
      silent,
    } = answer(request.url!.slice(request.url!.lastIndexOf('/') + 1))
    response.writeHead(status, { 'content-length': body.length })
    if (silent) response.flushHeaders()
    else if (cut) response.write(body.subarray(0, body.length / 2), () => response.destroy())
    else response.end(body)
  })
  servers.push(server)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

/** Puts programs of these names first, and alone, on the path. */
function programs(scripts: Record<string, string>): void {
  const bin = mkdtempSync(join(root, 'bin-'))
  for (const [name, script] of Object.entries(scripts)) {
    writeFileSync(join(bin, name), `#!/bin/sh\nPATH=/usr/bin:/bin\n${script}\n`)
    chmodSync(join(bin, name), 0o755)
  }
  process.env.PATH = bin
}

async function find(options: Parameters<typeof findArrays>[0] = {}) {
  const said: DataProgress[] = []
  const arrays = await findArrays({ ...options, onProgress: progress => said.push(progress) }, here)
  assert.deepEqual(
    arrays.map(({ shape }) => shape),
    files.map(({ shape }) => shape),
  )
  assert.deepEqual(
    arrays.map(({ data }) => sha256(data)),
    files.map(({ content }) => content),
  )
  return { said, last: said[said.length - 1]! }
}

/** The cache holds the four files and nothing half done, or nothing at all. */
function cached(): string[] {
  try {
    return readdirSync(cache).sort()
  } catch {
    return []
  }
}
const whole = files.map(({ name }) => name).sort()

test('the sample says that it is one', async () => {
  const { last } = await find({ sample: true })
  assert.equal(last.source, 'sample')
  assert.match(last.message, /^a sample of Fashion-MNIST: 1000 of its 60000 training and 200 of its 10000 test images$/)
  const size = files.reduce((sum, { bytes }) => sum + bytes, 0)
  assert.ok(size < 600_000, 'a few hundred kB')
})

test('the sample holds the first images of the real files', async t => {
  const real = await findArrays({ download: false }).catch(() => undefined)
  if (real === undefined) return t.skip('Fashion-MNIST is not on this machine')
  const parts = await findArrays({ sample: true })
  parts.forEach(({ data }, i) => {
    assert.ok(Buffer.from(real[i]!.data.buffer, 0, data.length).equals(data), files[i]!.name)
    assert.equal(sha256(real[i]!.data), FILES[i]!.content, 'the checksums are those of the real files')
  })
})

test('a folder that is named: gzipped, plain, or as torchvision leaves it', async () => {
  assert.equal((await find({ root: sample })).last.source, 'folder')
  here.env.FASHION_MNIST = sample
  assert.match((await find()).last.message, /^Fashion-MNIST from .*sample$/)
  const torchvision = join(root, 'torchvision')
  mkdirSync(join(torchvision, 'FashionMNIST/raw'), { recursive: true })
  for (const { name } of files) {
    writeFileSync(
      join(torchvision, 'FashionMNIST/raw', name.slice(0, -3)),
      gunzipSync(readFileSync(join(sample, name))),
    )
  }
  assert.equal((await find({ root: torchvision })).last.source, 'folder')
})

test('a folder that is named and wrong is an error; nothing else is tried', async () => {
  cpSync(sample, here.debianFolder, { recursive: true })
  await assert.rejects(find({ root: join(root, 'none') }), {
    code: 'ERR_DATA',
    message: /no data there: the folder .*none does not exist; it should hold train-images/,
  })
  here.env.FASHION_MNIST = root
  await assert.rejects(find(), { code: 'ERR_DATA', message: /FASHION_MNIST names a folder .* lacks train-images-idx3/ })
  here.files = FILES
  await assert.rejects(find({ root: sample }), {
    code: 'ERR_DATA',
    message: /expected 60000 x 28 x 28 elements, found 1000 x/,
  })
})

test('labels that are no classes', async () => {
  const folder = join(root, 'labels')
  cpSync(sample, folder, { recursive: true })
  const labels = gunzipSync(readFileSync(join(sample, files[3]!.name)))
  labels[20] = 17
  writeFileSync(join(folder, files[3]!.name), gzipSync(labels))
  await assert.rejects(find({ root: folder }), { code: 'ERR_DATA', message: /expected labels from 0 to 9, found 17/ })
})

test("Debian's folder, then the cache, need no network", async () => {
  cpSync(sample, here.debianFolder, { recursive: true })
  assert.equal((await find({ download: false })).last.source, 'debian')
  rmSync(here.debianFolder, { recursive: true })
  cpSync(sample, cache, { recursive: true })
  assert.equal((await find({ download: false })).last.source, 'cache')
})

test('downloads switched off: the error lists what was tried and how to mend it', async () => {
  await assert.rejects(find({ download: false }), error => {
    const { code, message } = error as Error & { code: string }
    assert.equal(code, 'ERR_DATA')
    assert.match(
      message,
      /was not found. Tried:\n {2}- Debian's dataset-fashion-mnist: the folder .*\n {2}- the cache: /,
    )
    assert.match(message, /downloads are switched off/)
    assert.match(message, /FASHION_MNIST\n.*\{ root \}.*\{ sample: true \}/)
    return true
  })
})

test('a download is checked, kept in the cache, and told about', async () => {
  here.addresses = [await serve()]
  const { said, last } = await find()
  assert.equal(last.source, 'download')
  assert.deepEqual(cached(), whole)
  for (const { name, bytes } of files) {
    const told = said.filter(({ file }) => file === name)
    assert.deepEqual(told.at(-1), {
      step: 'download',
      source: 'download',
      message: `fetching ${name}`,
      file: name,
      received: bytes,
      total: bytes,
    })
  }
  assert.equal((await find({ download: false })).last.source, 'cache')
})

test('an address that fails in any way gives way to the next', async () => {
  const body = (name: string) => readFileSync(join(sample, name))
  const failures: [Answer, RegExp][] = [
    [() => ({ status: 404 }), /HTTP 404 Not Found/],
    [name => ({ body: body(name), cut: true }), /terminated|cut off|aborted|closed/],
    [name => ({ body: body(name).subarray(0, -1) }), /expected \d+ bytes, found \d+: the download was cut off/],
    [name => ({ body: Buffer.concat([body(name), body(name)]) }), /expected \d+ bytes, found more/],
    [name => ({ body: body(name).fill(1, 100, 101) }), /expected the SHA-256 \w{64}, found \w{64}/],
  ]
  programs({})
  const good = await serve()
  for (const [answer, message] of failures) {
    here.addresses = [await serve(answer)]
    await assert.rejects(find(), { code: 'ERR_DATA', message })
    assert.deepEqual(cached(), [], 'nothing half-fetched is left')
    here.addresses = [...here.addresses, good]
    assert.equal((await find()).last.source, 'download')
    rmSync(cache, { recursive: true })
  }
  here.addresses = ['http://127.0.0.1:1/']
  await assert.rejects(find(), {
    code: 'ERR_DATA',
    message: /127.0.0.1:1\/train-images-idx3-ubyte.gz: .*(ECONNREFUSED|bad port)/,
  })
})

test('a broken cache is fetched anew', async () => {
  cpSync(sample, cache, { recursive: true })
  writeFileSync(join(cache, whole[0]!), 'broken')
  mkdirSync(join(cache, '.unfinished-old'))
  mkdirSync(join(cache, '.unfinished-new'))
  utimesSync(join(cache, '.unfinished-old'), 0, 0)
  here.addresses = [await serve()]
  assert.equal((await find()).last.source, 'download')
  assert.deepEqual(cached(), ['.unfinished-new', ...whole], 'an old unfinished download is swept away')
})

test('a server that says nothing', async () => {
  const address = await serve(() => ({ body: new Uint8Array(10), silent: true }))
  const target = join(root, 'silent')
  await assert.rejects(download(address, target, { bytes: 10, sha256: '' }, { silence: 100 }), {
    code: 'ERR_DATA',
    message: /nothing came for 0.1 s/,
  })
})

test('an aborted signal ends a download', async () => {
  const stop = new AbortController()
  here.addresses = [await serve(() => ({ body: new Uint8Array(10), silent: true }))]
  setTimeout(() => stop.abort(), 50)
  await assert.rejects(find({ signal: stop.signal }), { name: 'AbortError' })
  await assert.rejects(find({ signal: AbortSignal.abort() }), { name: 'AbortError' })
  assert.deepEqual(cached(), [])
})

const posix = { skip: process.platform === 'win32' && 'apt is not for Windows' }
const unpack = `mkdir -p "$3/usr/share/datasets/fashion-mnist" && cp "${sample}"/* "$3/usr/share/datasets/fashion-mnist/"`

test("Debian's package is unpacked without root", posix, async () => {
  programs({ 'apt-get': 'test "$1 $2" = "download dataset-fashion-mnist" && touch a.deb', 'dpkg-deb': unpack })
  const { said, last } = await find()
  assert.equal(last.source, 'debian-package')
  assert.ok(said.some(({ step }) => step === 'unpack'))
  assert.deepEqual(cached(), whole)
})

test('where apt knows no packages it reads its lists into a folder of ours', posix, async () => {
  const lists =
    'case "$*" in *update*) touch lists;; *Dir::State*) test -f lists && touch a.deb;; *) echo "E: Unable to locate" >&2; exit 100;; esac'
  programs({ 'apt-get': lists, 'dpkg-deb': unpack })
  assert.equal((await find()).last.source, 'debian-package')
})

test('no apt, no network in apt, another package', posix, async () => {
  programs({})
  await assert.rejects(find(), { code: 'ERR_DATA', message: /unpacked without root: there is no apt-get here/ })
  programs({ 'apt-get': 'echo "E: Failed to fetch" >&2; exit 100' })
  await assert.rejects(find(), { code: 'ERR_DATA', message: /apt-get failed: E: Failed to fetch/ })
  programs({ 'apt-get': 'true', 'dpkg-deb': unpack })
  await assert.rejects(find(), { code: 'ERR_DATA', message: /left no package/ })
  programs({ 'apt-get': 'touch a.deb', 'dpkg-deb': unpack })
  here.files = files.map(file => ({ ...file, content: '0'.repeat(64) }))
  await assert.rejects(find(), {
    code: 'ERR_DATA',
    message: /train-images-idx3-ubyte.gz of the package: expected data with the SHA-256 0000/,
  })
  assert.deepEqual(cached(), [])
})

test('an aborted signal ends apt', posix, async () => {
  programs({ 'apt-get': 'exec sleep 20' })
  const stop = new AbortController()
  setTimeout(() => stop.abort(), 100)
  const start = Date.now()
  await assert.rejects(find({ signal: stop.signal }), { name: 'AbortError' })
  assert.ok(Date.now() - start < 5000)
})
