#!/usr/bin/env node
/**
 * `npm run bench`: builds what changed, then measures; `npm run bench -- --help` says what can be asked for.
 *
 *   npm run bench -- --no-build    without building first
 *
 * The benchmarks run as compiled JavaScript and use the package's `dist`: what people install, and no TypeScript compiler in the
 * memory and the start of the processes that are measured.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import typescript from 'typescript'
import { root, runNode, step } from './run.mjs'

const SOURCES = path.join(root, 'test', 'bench')
const COMPILED = path.join(root, 'build', 'bench')

/** Compiles the benchmarks into a tree of the same shape, where `src` is the built package. */
function compile() {
  const { config } = typescript.readConfigFile(path.join(root, 'tsconfig.json'), typescript.sys.readFile)
  const { options } = typescript.convertCompilerOptionsFromJson(config.compilerOptions, root)
  rmSync(COMPILED, { recursive: true, force: true })
  for (const file of readdirSync(SOURCES, { recursive: true }).filter(file => file.endsWith('.ts'))) {
    const target = path.join(COMPILED, 'test', 'bench', file.replace(/\.ts$/, '.js'))
    const source = path.join(SOURCES, file)
    const { outputText } = typescript.transpileModule(readFileSync(source, 'utf8'), {
      fileName: source,
      compilerOptions: { ...options, noEmit: false },
    })
    mkdirSync(path.dirname(target), { recursive: true })
    writeFileSync(target, outputText)
  }
  symlinkSync(path.join(root, 'dist'), path.join(COMPILED, 'src'), 'dir')
}

/** When the newest file of a folder was written; 0 where there is none. */
function newest(folder) {
  if (!existsSync(folder)) return 0
  return Math.max(0, ...readdirSync(folder, { recursive: true }).map(file => statSync(path.join(folder, file)).mtimeMs))
}

const args = process.argv.slice(2)
if (!args.includes('--no-build') && !args.includes('--help') && !args.includes('-h')) {
  await step([`${root}/scripts/build-native.mjs`])
  if (newest(path.join(root, 'src')) > newest(path.join(root, 'dist'))) await step([`${root}/scripts/build.mjs`])
}
compile()
const main = path.join(COMPILED, 'test', 'bench', 'main.js')
process.exitCode = await runNode([main, ...args.filter(arg => arg !== '--no-build')])
