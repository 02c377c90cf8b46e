import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, describe, it } from 'node:test'
import { promisify } from 'node:util'

const SMOKE = path.join(__dirname, 'smoke', 'smoke.cjs')
/** Other majors to try the same binary under, as `LIBTORCH_NODE_TEST_NODES="22 24"`; npm brings them. */
const OTHERS = (process.env.LIBTORCH_NODE_TEST_NODES ?? '').split(/[\s,]+/).filter(major => major !== '')

const run = promisify(execFile)

async function smoke(node: string): Promise<{ node: string; losses: number[] }> {
  const { stdout } = await run(node, [SMOKE])
  return JSON.parse(stdout)
}

describe('one binary for every Node', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'libtorch-node-versions-'))
  after(() => rmSync(folder, { recursive: true, force: true }))
  let losses: number[]

  it(`passes the smoke test under this one, ${process.version}`, async () => {
    const result = await smoke(process.execPath)
    assert.equal(result.node, process.version)
    losses = result.losses
  })

  for (const major of OTHERS) {
    it(`and under Node ${major}`, async () => {
      const name = `node-${process.platform}-${process.arch}`
      const prefix = path.join(folder, major)
      await run('npm', ['install', '--no-audit', '--no-fund', '--prefix', prefix, `${name}@${major}`])
      const result = await smoke(path.join(prefix, 'node_modules', name, 'bin', 'node'))
      assert.ok(result.node.startsWith(`v${major}.`), result.node)
      assert.deepEqual(result.losses, losses)
    })
  }
})
