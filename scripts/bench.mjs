#!/usr/bin/env node
/**
 * `npm run bench`: builds what changed, then runs the benchmarks of `test/bench`, one after the other.
 *
 *   npm run bench -- calls    only the benchmarks whose name holds this word; options (`--...`) are handed on to them
 */
import { readdirSync } from 'node:fs'
import path from 'node:path'
import { root, step, TS_NODE } from './run.mjs'

const folder = path.join(root, 'test', 'bench')
const args = process.argv.slice(2)
const words = args.filter(arg => !arg.startsWith('--'))
const options = args.filter(arg => arg.startsWith('--'))

const files = readdirSync(folder)
  .filter(file => file.endsWith('.bench.ts') && (words.length === 0 || words.some(word => file.includes(word))))
  .sort()
if (files.length === 0) {
  console.error(`No benchmark${words.length > 0 ? ` whose name holds ${words.join(' or ')}` : ''} in ${folder}.`)
  process.exit(1)
}
await step([`${root}/scripts/build-native.mjs`])
for (const file of files) {
  console.log(`\n# ${file}`)
  await step([...TS_NODE, path.join(folder, file), ...options])
}
