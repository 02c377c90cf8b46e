#!/usr/bin/env node
/**
 * `npm test`: builds what changed, checks the types, then runs every test.
 *
 *   npm test -- tensor nn     only the test files whose path holds one of these words
 *   npm test -- --no-build    without building and checking first
 *   npm test -- --test-...    options of Node's test runner
 */
import { readdirSync } from 'node:fs'
import path from 'node:path'
import { bin, root, runNode, step, TS_NODE } from './run.mjs'

const args = process.argv.slice(2)
const options = args.filter(arg => arg.startsWith('--') && arg !== '--no-build')
const words = args.filter(arg => !arg.startsWith('--'))

if (!args.includes('--no-build')) {
  await step([`${root}/scripts/build-native.mjs`])
  await step([`${root}/scripts/build.mjs`])
  await step([bin('typescript', 'bin/tsc'), '-p', `${root}/tsconfig.json`])
}

// Expanded here: Node 20 does not expand patterns.
const files = readdirSync(path.join(root, 'test'), { recursive: true })
  .filter(file => file.endsWith('.test.ts'))
  .filter(file => words.length === 0 || words.some(word => path.join('test', file).includes(word)))
  .map(file => path.join('test', file))
  .sort()
if (files.length === 0) {
  console.error(
    `No test file${words.length > 0 ? ` whose path holds ${words.join(' or ')}` : ''} in ${path.join(root, 'test')}.`,
  )
  process.exit(1)
}
process.exitCode = await runNode([...TS_NODE, '--test', '--test-reporter', 'spec', ...options, ...files])
