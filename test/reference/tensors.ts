import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as torch from '../../src/index'
import { cpu } from './cpu'

/** A tensor as the Python scripts write it down: base64 of its contiguous elements. */
export interface TensorFixture {
  dtype: torch.DType
  shape: number[]
  data: string
  /** Only where it is not contiguous. */
  stride?: number[]
  /** Only where it is not strided; `data` are then those of the dense tensor. */
  layout?: string
}

/** What every fixture says of the run that made it. */
export interface FixtureOrigin {
  torch: string
  capability: string
  cpu: string
  threads: number
}

/** Reads a fixture by its name. */
export function readFixture<T>(name: string): T & FixtureOrigin {
  return JSON.parse(readFileSync(join(__dirname, 'fixtures', `${name}.json`), 'utf8'))
}

/** True where the numbers must be Python's bit for bit: same version, same kind of CPU. */
export function isExact(origin: FixtureOrigin): boolean {
  const { libtorch, cpuCapability } = torch.version
  return (
    libtorch.split('+')[0] === origin.torch &&
    cpuCapability.replace(/ /g, '') === origin.capability &&
    cpu() === origin.cpu
  )
}

/** Makes the tensor that a fixture describes. */
export function tensorOf(fixture: TensorFixture): torch.Tensor {
  const bytes = Uint8Array.from(Buffer.from(fixture.data, 'base64'))
  if (bytes.length === 0) return torch.empty(fixture.shape, { dtype: fixture.dtype })
  return torch.frombuffer(bytes.buffer, { dtype: fixture.dtype }).reshape(fixture.shape)
}

/** Compares dtype, shape, stride, layout and values; the values bit for bit unless `exact` is false. */
export function assertTensor(actual: unknown, expected: TensorFixture, what: string, exact = true): void {
  if (!(actual instanceof torch.Tensor)) assert.fail(`${what}: ${String(actual)} is no tensor`)
  const { dtype, shape, stride, layout = 'strided' } = expected
  assert.deepEqual(
    { dtype: actual.dtype, shape: actual.shape, layout: actual.layout },
    { dtype, shape, layout },
    `${what}: dtype, shape and layout`,
  )
  if (layout !== 'strided') {
    assertValues(torch.ops.aten.to_dense.default(actual), expected, what, exact)
    return
  }
  if (stride) assert.deepEqual(actual.stride(), stride, `${what}: stride`)
  else assert.ok(actual.isContiguous(), `${what}: contiguous`)
  assertValues(actual, expected, what, exact)
}

function assertValues(actual: torch.Tensor, expected: TensorFixture, what: string, exact: boolean): void {
  const bytes = Buffer.from(actual.bytes())
  if (bytes.toString('base64') === expected.data) return
  const near = tensorOf(expected)
  if (!exact && !/^(u?int|bool)/.test(expected.dtype)) {
    // Half precision sums rounded terms: an element near zero is off by the last bits of the largest ones.
    const bits = { bfloat16: 2 ** -7, float16: 2 ** -10 }[expected.dtype as string]
    const rtol = bits ?? 1e-4
    const atol = bits === undefined || near.numel() === 0 ? 1e-5 : bits * Number(near.abs().max().item())
    if (torch.ops.aten.allclose.default(actual, near, { rtol, atol, equal_nan: true })) return
  }
  // nan payloads may differ
  if (torch.ops.aten.allclose.default(actual, near, { rtol: 0, atol: 0, equal_nan: true })) return
  assert.fail(`${what}: values\n${actual}\nexpected\n${near}`)
}
