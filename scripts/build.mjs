#!/usr/bin/env node
/**
 * `npm run build`: JavaScript and types into `dist/`, and the ECMAScript module entry beside the CommonJS one.
 */
import { chmodSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fail, InstallError } from './install-error.mjs'
import { moduleEntry, valueExports } from './module-entry.mjs'
import { bin, root, runNode } from './run.mjs'

const dist = path.join(root, 'dist')
const next = path.join(root, 'build', 'dist')

/** The types name `Disposable`, `Buffer` and `AbortSignal`: whoever uses them must not have to know where those come from. */
const REFERENCES = '/// <reference lib="esnext.disposable" />\n/// <reference types="node" />\n'

async function main() {
  if (!existsSync(path.join(root, 'src', 'ops', 'operators.generated.ts'))) {
    throw new InstallError({
      problem: 'The operators have not been generated.',
      found: 'no src/ops/operators.generated.ts',
      expected: 'a built addon, which lists them',
      next: 'npm run build:native',
    })
  }
  rmSync(next, { recursive: true, force: true })
  const code = await runNode([
    bin('typescript', 'bin/tsc'),
    '-p',
    path.join(root, 'tsconfig.build.json'),
    '--outDir',
    next,
  ])
  if (code !== 0) process.exit(code)
  const declarations = path.join(next, 'index.d.ts')
  const { script, types } = moduleEntry(valueExports(declarations))
  writeFileSync(path.join(next, 'index.mjs'), script)
  writeFileSync(path.join(next, 'index.d.mts'), REFERENCES + types)
  writeFileSync(declarations, REFERENCES + readFileSync(declarations, 'utf8'))
  chmodSync(path.join(next, 'cli', 'main.js'), 0o755)
  // In one step, so that a failed build leaves the last good one.
  rmSync(dist, { recursive: true, force: true })
  renameSync(next, dist)
}

main().catch(fail)
