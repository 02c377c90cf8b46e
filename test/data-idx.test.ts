import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { readIdx } from '../src/data/idx'

const folder = mkdtempSync(join(tmpdir(), 'libtorch-node-idx-'))
after(() => rmSync(folder, { recursive: true }))

function header(code: number, ...shape: number[]): Buffer {
  const bytes = Buffer.alloc(4 + 4 * shape.length)
  bytes.set([0, 0, code, shape.length])
  shape.forEach((size, i) => {
    bytes.writeUInt32BE(size, 4 + 4 * i)
  })
  return bytes
}

let count = 0
function file(...parts: Uint8Array[]): string {
  const path = join(folder, `${count++}.idx`)
  writeFileSync(path, Buffer.concat(parts))
  return path
}

const six = Buffer.from([1, 2, 3, 4, 5, 6])

/** One text of the error for a plain file and for a gzipped one, where they can be told apart. */
async function refused(bytes: Buffer, message: RegExp, expectation = {}): Promise<void> {
  for (const path of [file(bytes), file(gzipSync(bytes))]) {
    await assert.rejects(readIdx(path, expectation), error => {
      assert.equal((error as { code?: string }).code, 'ERR_FILE_FORMAT')
      assert.match((error as Error).message, message)
      assert.ok((error as Error).message.includes(path), 'the message names the file')
      return true
    })
  }
}

test('reads plain and gzipped files alike', async () => {
  for (const path of [file(header(8, 2, 3), six), file(gzipSync(Buffer.concat([header(8, 2, 3), six])))]) {
    const { dtype, shape, data } = await readIdx(path, { dtype: 'uint8', shape: [null, 3] })
    assert.deepEqual({ dtype, shape, data: [...data] }, { dtype: 'uint8', shape: [2, 3], data: [1, 2, 3, 4, 5, 6] })
  }
})

test('reads every element type, big-endian as the format has it', async () => {
  const int16 = await readIdx(file(header(11, 2), Buffer.from([0xff, 0xfe, 0x01, 0x02])))
  assert.deepEqual([int16.dtype, ...new Int16Array(int16.data.buffer)], ['int16', -2, 258])
  const int32 = await readIdx(file(header(12, 1), Buffer.from([0, 0, 1, 0])))
  assert.deepEqual([int32.dtype, ...new Int32Array(int32.data.buffer)], ['int32', 256])
  const float32 = await readIdx(file(header(13, 1), Buffer.from([0x3f, 0xc0, 0, 0])))
  assert.deepEqual([float32.dtype, ...new Float32Array(float32.data.buffer)], ['float32', 1.5])
  const float64 = await readIdx(file(header(14, 1), Buffer.from([0xbf, 0xf0, 0, 0, 0, 0, 0, 0])))
  assert.deepEqual([float64.dtype, ...new Float64Array(float64.data.buffer)], ['float64', -1])
  assert.equal((await readIdx(file(header(9, 6), six))).dtype, 'int8')
})

test('a number alone, and no elements', async () => {
  assert.deepEqual((await readIdx(file(header(8), Buffer.from([9])))).shape, [])
  assert.equal((await readIdx(file(header(8, 0, 28)))).data.length, 0)
})

test('refuses what is no IDX file', async () => {
  await refused(Buffer.from('<html>not here</html>'), /expected the magic number of an IDX file .* found 3c 68 74 6d/)
  await refused(header(10, 2), /found 00 00 0a 01/)
  await refused(Buffer.from([0, 0, 8]), /expected an IDX header, found a file that ends after 3 bytes/)
  await refused(header(8, 2, 3).subarray(0, 9), /ends after 9 bytes/)
})

test('refuses another dtype, rank or shape than expected', async () => {
  await refused(Buffer.concat([header(8, 2, 3), six]), /expected elements of float32, found uint8/, {
    dtype: 'float32',
  })
  await refused(Buffer.concat([header(8, 2, 3), six]), /expected 1 dimensions, found 2/, { shape: [6] })
  await refused(Buffer.concat([header(8, 2, 3), six]), /expected 4 x 3 elements, found 2 x 3/, { shape: [4, 3] })
})

test('refuses missing and trailing bytes', async () => {
  await refused(Buffer.concat([header(8, 7), six]), /expected 15 bytes for 7 uint8, found 14: the file is cut off/)
  await refused(Buffer.concat([header(8, 2, 2), six]), /expected 16 bytes for 2 x 2 uint8, found (18|more)/)
})

test('refuses a damaged, cut or continued gzip stream', async () => {
  const whole = gzipSync(Buffer.concat([header(8, 2, 3), six]))
  const damaged = Buffer.from(whole)
  damaged[whole.length - 8]! ^= 1
  await assert.rejects(readIdx(file(damaged)), {
    code: 'ERR_FILE_FORMAT',
    message: /damaged gzip data: incorrect data/,
  })
  await assert.rejects(readIdx(file(whole.subarray(0, -9))), { code: 'ERR_FILE_FORMAT', message: /unexpected end/ })
  await assert.rejects(readIdx(file(whole, Buffer.from('more'))), { code: 'ERR_FILE_FORMAT', message: /damaged gzip/ })
  await assert.rejects(readIdx(file(whole, Buffer.alloc(4))), {
    code: 'ERR_FILE_FORMAT',
    message: /after the gzip data, found 4 bytes/,
  })
})

test('a header that lies allocates nothing to speak of', async () => {
  const before = process.memoryUsage().arrayBuffers
  await refused(Buffer.concat([header(8, 60000, 4096, 4096), six]), /expected 1006632960016 bytes.* found 22/)
  await refused(header(14, 0xffffffff, 0xffffffff, 0xffffffff), /the file is cut off/)
  assert.ok(process.memoryUsage().arrayBuffers - before < 4 * 1024 * 1024)
})

test('more data than the first allocation', async () => {
  const data = Buffer.alloc(70 * 1024 * 1024 + 5, 7)
  const read = await readIdx(file(gzipSync(Buffer.concat([header(8, data.length), data]), { level: 1 })))
  assert.ok(data.equals(read.data))
})

test('a file that is not there, and a folder', async () => {
  await assert.rejects(readIdx(join(folder, 'none')), { code: 'ERR_DATA', message: /cannot open .*none: ENOENT/ })
  await assert.rejects(readIdx(folder), { code: 'ERR_DATA', message: /expected a file, found a folder/ })
})

test('an aborted signal', async () => {
  await assert.rejects(readIdx(file(header(8, 6), six), { signal: AbortSignal.abort() }), { name: 'AbortError' })
})
