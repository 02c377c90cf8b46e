import { createRequire } from 'node:module'
import path from 'node:path'
import { execa } from 'execa'
import { InstallError } from '../install-error.mjs'

const require = createRequire(import.meta.url)
const OLDEST_CMAKE = [3, 21]

/**
 * The tools of the compile, looked for before anything large is fetched.
 *
 * @returns {Promise<{ compiler: string, cmake: string, cmakeJs: string }>} first lines of the tools' `--version`, and the
 *   path of cmake-js
 */
export async function findToolchain(env) {
  if (process.platform === 'win32') {
    throw new InstallError({
      problem: 'Windows is not supported.',
      found: `${process.platform} ${process.arch}`,
      expected: 'Linux',
      next: 'run it under WSL 2: wsl --install',
    })
  }
  const [compiler, cmake] = await Promise.all([findCompiler(env), findCMake(env)])
  return {
    compiler,
    cmake,
    cmakeJs: path.join(path.dirname(require.resolve('cmake-js/package.json')), 'bin', 'cmake-js'),
  }
}

async function findCompiler(env) {
  const candidates = env.CXX ? [env.CXX] : ['c++', 'g++', 'clang++']
  for (const candidate of candidates) {
    const line = await versionOf(candidate, env)
    if (line !== null) return `${candidate}: ${line}`
  }
  throw new InstallError({
    problem: 'There is no C++ compiler.',
    found: `none of ${candidates.join(', ')} on the PATH`,
    expected: 'g++ 10 or newer, or clang++ 12 or newer (CXX names another one)',
    next:
      process.platform === 'darwin'
        ? 'xcode-select --install'
        : 'sudo apt-get install g++   (Fedora: sudo dnf install gcc-c++)',
  })
}

async function findCMake(env) {
  const line = await versionOf('cmake', env)
  const next =
    process.platform === 'darwin'
      ? 'brew install cmake'
      : 'sudo apt-get install cmake   (Fedora: sudo dnf install cmake)'
  const expected = `CMake ${OLDEST_CMAKE.join('.')} or newer`
  if (line === null) {
    throw new InstallError({ problem: 'There is no CMake.', found: 'no cmake on the PATH', expected, next })
  }
  const [major, minor] = (/(\d+)\.(\d+)/.exec(line) ?? []).slice(1).map(Number)
  if (!(major > OLDEST_CMAKE[0] || (major === OLDEST_CMAKE[0] && minor >= OLDEST_CMAKE[1]))) {
    throw new InstallError({
      problem: 'CMake is too old.',
      found: line,
      expected,
      next: `${next}, or: pip install cmake`,
    })
  }
  return line
}

async function versionOf(command, env) {
  // A path may hold spaces, and CXX may bring arguments along, as CMake reads it: `ccache g++`, `g++ -m64`.
  for (const [program, ...args] of [[command], command.trim().split(/\s+/)]) {
    const options = { env, extendEnv: false, reject: false }
    const { failed, stdout } = await execa(program, [...args, '--version'], options)
    if (!failed) return stdout.split('\n')[0]
  }
  return null
}
