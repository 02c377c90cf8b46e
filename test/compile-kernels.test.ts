import assert from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { promisify } from 'node:util'
import type { Report } from './programs/compile-kernels'

const PROGRAM = join(__dirname, 'programs', 'compile-kernels.ts')
const ARGUMENTS = ['--require', 'ts-node/register/transpile-only', PROGRAM]
const environment = (kernels: string) => ({ ...process.env, LIBTORCH_NODE_KERNELS: kernels })

/** Each instruction set as `explain` calls it, and the images side by side. */
const TITLES: Record<string, string> = {
  baseline: 'baseline, 4 inputs',
  avx2: 'AVX2, 8 inputs',
  avx512: 'AVX-512, 16 inputs',
}

/** What the processor has, as the error about what it has not got says. */
function setsHere(): string[] {
  const told = execFileSync(process.execPath, [...ARGUMENTS, 'error'], { env: environment('none'), encoding: 'utf8' })
  const [, list] = /^ERR_INVALID_ARG_VALUE LIBTORCH_NODE_KERNELS is 'none'; this processor has: (.*)$/m.exec(told)!
  return list!.split(', ')
}

const SETS = setsHere()

describe('LIBTORCH_NODE_KERNELS', () => {
  it('names what the processor has, the best of which is taken', async () => {
    assert.equal(SETS[0], 'baseline')
    assert.ok(SETS.every(name => name in TITLES))
    const { stdout } = await promisify(execFile)(process.execPath, [...ARGUMENTS, 'kernels'], { env: environment('') })
    assert.equal(stdout.trim(), TITLES[SETS.at(-1)!])
  })

  it('is an error at the first use where the processor has not got it, the same at the next', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [...ARGUMENTS, 'error'], {
      env: environment('AVX2'),
    })
    const line = `ERR_INVALID_ARG_VALUE LIBTORCH_NODE_KERNELS is 'AVX2'; this processor has: ${SETS.join(', ')}`
    assert.deepEqual(stdout.trim().split('\n'), [line, line, line])
  })
})

for (const name of SETS) {
  describe(`compiled with the kernels of ${name}`, () => {
    it('is as near to float64 as eager is: outputs, gradients, buffers', { timeout: 300_000 }, async () => {
      const { stdout } = await promisify(execFile)(process.execPath, [...ARGUMENTS, 'compare'], {
        env: environment(name),
      })
      const report: Report = JSON.parse(stdout)
      assert.equal(report.kernels, TITLES[name])
      assert.ok(report.networks > 50 && report.values > 1500, stdout.slice(0, 200))
      assert.deepEqual(report.failures, [])
    })
  })
}
