import { spawn } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { ZipEntry } from './zip'

const ROOT = path.join(__dirname, '..', '..')

export interface Outcome {
  code: number | null
  stdout: string
  stderr: string
}

/**
 * A machine of its own for one installation: a PATH that holds Node and what the test puts there, an empty home, an empty
 * cache, no GPU, no network address but the one that the test names, and a copy of the scripts: this checkout's own build,
 * and what it remembers of its libtorch, are neither seen nor touched.
 */
export class Sandbox {
  readonly folder = mkdtempSync(path.join(os.tmpdir(), 'libtorch-node-install-'))
  readonly bin = path.join(this.folder, 'bin')
  readonly cache = path.join(this.folder, 'cache')
  readonly wheels = path.join(this.folder, 'wheels')
  readonly package = path.join(this.folder, 'package')
  env: Record<string, string> = {
    PATH: this.bin,
    HOME: this.folder,
    LIBTORCH_NODE_CACHE: this.cache,
    // Nothing listens there: a test that forgets its mirror does not reach the network.
    LIBTORCH_NODE_MIRROR: 'http://127.0.0.1:65535',
  }

  constructor() {
    mkdirSync(this.bin)
    mkdirSync(this.wheels)
    symlinkSync(process.execPath, path.join(this.bin, 'node'))
    cpSync(path.join(ROOT, 'scripts'), path.join(this.package, 'scripts'), { recursive: true })
    symlinkSync(path.join(ROOT, 'node_modules'), path.join(this.package, 'node_modules'))
    // Without it the driver would be looked for in this machine's /proc.
    this.program('nvidia-smi', 'process.exit(9)')
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }

  /** A program on the PATH, written in JavaScript; it sees the sandbox's folder as `home`. */
  program(name: string, script: string): void {
    const file = path.join(this.bin, name)
    writeFileSync(file, `#!${process.execPath}\nconst home = ${JSON.stringify(this.folder)}\n${script}\n`)
    chmodSync(file, 0o755)
  }

  /** A compiler and a CMake that answer `--version` and do nothing else. */
  toolchain(cmake = 'cmake version 3.25.1'): void {
    this.program('c++', `console.log('c++ (test) 12.2.0')`)
    this.program('cmake', `console.log(${JSON.stringify(cmake)})`)
  }

  /** A Python whose `torch` is the given folder, and whose pip downloads what lies in `wheels`. */
  python(options: { torch?: string; name?: string } = {}): void {
    this.program(
      options.name ?? 'python3',
      `
      const fs = require('node:fs')
      const args = process.argv.slice(2)
      if (args[0] === '-c') console.log(${JSON.stringify(options.torch ?? '')})
      else if (args[2] === 'download') {
        fs.appendFileSync(home + '/pip.log', args.join(' ') + '\\n')
        const to = args[args.indexOf('--dest') + 1]
        const names = args.filter(arg => /^[a-z][\\w-]*(\\[.*\\])?[=<>]/.test(arg)).map(arg => arg.replace(/\\[.*\\]/, ''))
        const wanted = names.map(arg => arg.split(/[=<>]+/))
        const found = wanted.map(([name, version]) => fs.readdirSync(home + '/wheels').find(file => {
          const [project, v] = file.split('-')
          return project === name.replaceAll('-', '_') && (v === version || v.split('+')[0] === version)
        }))
        const missing = found.indexOf(undefined)
        if (missing >= 0) {
          console.error('ERROR: No matching distribution found for ' + names[missing])
          process.exit(1)
        }
        for (const file of found) fs.copyFileSync(home + '/wheels/' + file, to + '/' + file)
      }`,
    )
  }

  wheel(name: string, content: Buffer): void {
    writeFileSync(path.join(this.wheels, name), content)
  }

  /** Writes files as an archive would have them, and gives the folder back. */
  tree(name: string, entries: ZipEntry[]): string {
    const folder = path.join(this.folder, name)
    for (const entry of entries) {
      const file = path.join(folder, entry.name)
      mkdirSync(path.dirname(file), { recursive: true })
      writeFileSync(file, entry.content)
    }
    return folder
  }

  /** Runs `build-native.mjs`; by default only as far as libtorch. */
  async install(env: Record<string, string> = {}, args = ['--libtorch-only']): Promise<Outcome> {
    const child = this.start(env, args)
    return await child.outcome
  }

  start(env: Record<string, string> = {}, args = ['--libtorch-only']) {
    const script = path.join(this.package, 'scripts', 'build-native.mjs')
    const child = spawn(process.execPath, [script, ...args], { cwd: this.package, env: { ...this.env, ...env } })
    const output = { stdout: '', stderr: '' }
    child.stdout.on('data', data => (output.stdout += data))
    child.stderr.on('data', data => (output.stderr += data))
    const outcome = new Promise<Outcome>(resolve => child.on('close', code => resolve({ code, ...output })))
    return { child, outcome }
  }

  /** What the cache holds: the libtorches, and everything else that lies there. */
  cached(): { libtorches: string[]; rest: string[] } {
    const names = (folder: string) => (existsSync(folder) ? readdirSync(folder) : [])
    return {
      libtorches: names(path.join(this.cache, 'libtorch')),
      rest: [...names(path.join(this.cache, 'downloads')), ...names(this.cache).filter(name => name === 'lock')],
    }
  }
}
