import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { decodeHeader, dtypeOf, encodeHeader, type Header, headerLength } from '../src/serialize/safetensors'

const folder = join(__dirname, 'reference/fixtures')
const fixture = JSON.parse(readFileSync(join(folder, 'serialize.json'), 'utf8'))
const python: Buffer = readFileSync(join(folder, 'serialize.safetensors'))

function decode(bytes: Buffer): Header {
  const length = headerLength('it', bytes.subarray(0, 8), bytes.length)
  return decodeHeader('it', bytes.subarray(8, 8 + length), bytes.length - 8 - length)
}

test(`reads the header that Python wrote (safetensors ${fixture['made by'].safetensors})`, () => {
  const { tensors, metadata } = decode(python)
  assert.deepEqual(metadata, { 'made by': 'Python' })
  const found = Object.fromEntries(
    tensors.map(info => {
      const start = 8 + headerLength('it', python, python.length)
      const bytes = python.subarray(start + info.begin, start + info.end).toString('hex')
      return [info.name, { dtype: dtypeOf(info), shape: info.shape, bytes }]
    }),
  )
  assert.equal(tensors.length, Object.keys(fixture.tensors).length + 1) // JSON.parse keeps no '__proto__' of its own here
  for (const [name, expected] of Object.entries(fixture.tensors)) assert.deepEqual(found[name], expected, name)
})

test('writes the header that Python writes, byte for byte', () => {
  const { tensors } = decode(python)
  const shuffled = tensors.toReversed().map(info => ({ name: info.name, dtype: dtypeOf(info), shape: info.shape }))
  const { header, tensors: placed } = encodeHeader(shuffled, { 'made by': 'Python' })
  assert.deepEqual(Buffer.from(header), python.subarray(0, header.length))
  assert.deepEqual(placed, tensors)
})

for (const { what, base64, refused } of fixture.files) {
  // The format forbids a name twice; Python takes the last one.
  const expected = what === 'a name twice' || refused !== null
  test(`${expected ? 'refuses' : 'reads'} ${what}`, () => {
    const bytes = Buffer.from(base64, 'base64')
    if (expected) {
      assert.throws(() => decode(bytes), {
        code: 'ERR_FILE_FORMAT',
        message: /it is no whole safetensors file: .*(found|beyond|cut off|JSON)/,
      })
    } else {
      assert.ok(decode(bytes).tensors.length <= 2)
    }
  })
}

test('a header that is nothing but brackets, or one endless string', () => {
  const brackets = Buffer.from(`{"a":${'['.repeat(1e6)}${']'.repeat(1e6)}}`)
  assert.throws(() => decodeHeader('it', brackets, 0), { code: 'ERR_FILE_FORMAT', message: /brackets/ })
  const text = Buffer.from(JSON.stringify({ __metadata__: { a: 'x'.repeat(1e7), b: '\\"'.repeat(1e6) } }))
  assert.equal(decodeHeader('it', text, 0).metadata!.a!.length, 1e7)
})

test('what the format cannot hold', () => {
  const outline = { name: 'a', shape: [2] } as const
  assert.throws(() => encodeHeader([{ ...outline, dtype: 'complex128' }]), {
    code: 'ERR_UNSUPPORTED_TYPE',
    message: "tensor 'a': safetensors files cannot hold complex128",
  })
  assert.throws(() => encodeHeader([{ ...outline, name: '\ud800', dtype: 'bool' }]), { code: 'ERR_INVALID_ARG_VALUE' })
  assert.throws(() => encodeHeader([], { a: 1 as unknown as string }), { code: 'ERR_INVALID_ARG_TYPE' })
  assert.throws(() => encodeHeader([], [] as never), { code: 'ERR_INVALID_ARG_TYPE' })
  assert.throws(() => encodeHeader([], { a: 'x'.repeat(1e8) }), { code: 'ERR_INVALID_ARG_VALUE', message: /100000000/ })
  const info = { name: 'a', type: 'F4', shape: [2], begin: 0, end: 1 }
  assert.throws(() => dtypeOf(info), { code: 'ERR_UNSUPPORTED_TYPE', message: /'a' has elements of F4/ })
})
