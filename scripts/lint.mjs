#!/usr/bin/env node
/**
 * `npm run lint`: checks the format and the rules of both languages; `npm run format` mends what can be mended.
 */
import { readdirSync } from 'node:fs'
import path from 'node:path'
import { bin, root, runNode } from './run.mjs'

const write = process.argv.includes('--write')
const sources = readdirSync(path.join(root, 'native'), { recursive: true })
  .filter(file => /\.(cc|h)$/.test(file))
  .map(file => path.join('native', file))

const codes = [
  await runNode([bin('@biomejs/biome', 'bin/biome'), 'check', ...(write ? ['--write'] : []), '.']),
  await runNode([
    bin('clang-format-node', 'build/cli.js'),
    ...(write ? ['-i'] : ['--dry-run', '--Werror']),
    ...sources,
  ]),
]
process.exitCode = Math.max(...codes)
