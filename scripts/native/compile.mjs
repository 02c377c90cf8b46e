import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { execa } from 'execa'
import { InstallError } from '../install-error.mjs'

/** What one compiler process may need at its peak: libtorch's headers are large. */
const MEMORY_PER_JOB = 2 * 2 ** 30

/** As many compilers at once as there are cores, but no more than the memory holds. */
export function parallelJobs() {
  const limits = [os.totalmem(), process.constrainedMemory?.()].filter(bytes => bytes > 0)
  return Math.max(1, Math.min(os.availableParallelism(), Math.floor(Math.min(...limits) / MEMORY_PER_JOB)))
}

/**
 * Makes CMake start anew where it was configured for something else (another libtorch, another compiler), and not after a
 * mere compile error: what was compiled stays. So does the last good binary, until it is replaced.
 */
export function prepareConfiguration(root, { configuration, libtorch, force }) {
  if (!force && readConfiguration(root)?.configuration === configuration) return
  for (const name of ['CMakeCache.txt', 'CMakeFiles', 'build.ninja', 'Makefile', 'cmake_install.cmake']) {
    rmSync(path.join(root, 'build', name), { recursive: true, force: true })
  }
  mkdirSync(path.join(root, 'build'), { recursive: true })
  const facts = { configuration, libtorch: libtorch.root, explicit: libtorch.explicit === true }
  writeFileSync(configurationFile(root), `${JSON.stringify(facts, null, 2)}\n`)
}

/** What the build folder is configured for; null where it is not. */
export function readConfiguration(root) {
  try {
    return JSON.parse(readFileSync(configurationFile(root), 'utf8'))
  } catch {
    return null
  }
}

const configurationFile = root => path.join(root, 'build', 'configuration.json')

/** Configures (where needed) and builds through cmake-js; what the tools say goes to stderr, stdout is for results. */
export async function compile({ root, libtorch, toolchain, kernels, env, binary }) {
  const options = ['--directory', root, '--parallel', String(parallelJobs()), '--log-level', 'warn']
  const result = await execa(
    process.execPath,
    [toolchain.cmakeJs, 'build', ...options, `--CDLIBTORCH=${libtorch.root}`, `--CDLTN_FATBIN=${kernels ?? ''}`],
    { cwd: root, env, extendEnv: false, stdio: ['ignore', process.stderr, process.stderr], reject: false },
  )
  if (result.failed || !existsSync(binary)) {
    throw new InstallError({
      problem: 'The native addon did not compile.',
      found: `cmake-js ended with ${result.exitCode ?? result.signal ?? result.shortMessage} (${toolchain.compiler}; ${toolchain.cmake})`,
      expected: path.relative(root, binary),
      next: 'mend the first error above, then: npm run build:native',
    })
  }
}

/** Loads the new binary in a process of its own: what does not load is better said now than at the first `require`. */
export async function tryLoad({ binary, env }) {
  const script =
    'const { dlopen } = require("node:os").constants;' +
    'process.dlopen({ exports: {} }, process.argv[1], dlopen.RTLD_NOW | (dlopen.RTLD_DEEPBIND ?? 0))'
  const result = await execa(process.execPath, ['-e', script, binary], { env, extendEnv: false, reject: false })
  if (result.failed) {
    const reason = /Error: (.*)/.exec(result.stderr)?.[1] ?? result.shortMessage
    throw new InstallError({
      problem: 'The native addon compiled, but does not load.',
      found: reason,
      expected: `${path.basename(binary)} to find every library that it needs`,
      next: 'see which library the line above names; LD_DEBUG=libs shows where it was looked for',
    })
  }
}
