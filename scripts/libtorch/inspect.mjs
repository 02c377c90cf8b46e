import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs'
import path from 'node:path'
import { InstallError } from '../install-error.mjs'

/** The oldest libtorch that the addon compiles and runs with. */
export const OLDEST = '2.9.0'
/** The libtorch that is fetched where none is found, and that the numbers in the tests come from. */
export const PINNED = '2.13.0'

const extension = process.platform === 'darwin' ? 'dylib' : 'so'
const LIBRARIES = ['torch', 'torch_cpu', 'c10'].map(name => `lib/lib${name}.${extension}`)
const HEADERS = ['include/ATen/ATen.h', 'include/torch/csrc/api/include/torch/torch.h']
const WAYS_OUT = [
  'LIBTORCH=<folder that holds include/ and lib/, e.g. .../site-packages/torch> npm run build:native',
  `or unset LIBTORCH: libtorch ${PINNED} is then found or fetched`,
]

/**
 * What a libtorch folder is, read from its own files without loading anything.
 *
 * @param {string} folder a libtorch folder, or the `torch` folder of a Python environment
 * @param {string} origin who named the folder, for messages: `LIBTORCH`, `Python (python3)`, `the cache`
 * @returns {{ root: string, version: string, build: string, cuda: string | null, identity: string }}
 *   `build` is the version with its local part (`2.13.0+cpu`) where known; `cuda` the CUDA version (`13.0`), `unknown` for
 *   a CUDA build that does not say, null for a CPU build; `identity` changes when the libraries do.
 */
export function inspectLibtorch(folder, origin) {
  if (!existsSync(folder)) {
    throw new InstallError({
      problem: `${origin}: there is no such folder.`,
      found: `nothing at ${folder}`,
      expected: 'a libtorch folder, or the torch folder of a Python environment',
      next: WAYS_OUT,
    })
  }
  const root = rootOf(realpathSync(folder))
  const missing = [...LIBRARIES, ...HEADERS].filter(file => !existsSync(path.join(root, file)))
  const version = readVersion(root)
  if (version !== null && compareVersions(version, OLDEST) < 0) {
    throw new InstallError({
      problem: `${origin}: that libtorch is too old.`,
      found: `libtorch ${version} at ${root}`,
      expected: `libtorch ${OLDEST} or newer`,
      next: [`pip install torch==${PINNED}`, ...WAYS_OUT],
    })
  }
  if (missing.length > 0 || version === null) {
    throw new InstallError({
      problem: `${origin}: that is not a libtorch.`,
      found: `${root}, without ${missing.length > 0 ? missing.join(', ') : 'a file that tells its version'}`,
      expected: `a folder with ${[...LIBRARIES, ...HEADERS].join(', ')}`,
      next: WAYS_OUT,
    })
  }
  const { build, cuda } = readBuild(root, version)
  const fingerprint = LIBRARIES.map(file => statSync(path.join(root, file)))
  return {
    root,
    version,
    build,
    cuda,
    identity: [root, build, ...fingerprint.map(({ size, mtimeMs }) => `${size}@${Math.trunc(mtimeMs)}`)].join(' '),
  }
}

/** A person may point at the folder above: the unpacked archive's, or a site-packages. */
function rootOf(folder) {
  for (const inside of ['', 'libtorch', 'torch']) {
    if (existsSync(path.join(folder, inside, LIBRARIES[2]))) return path.join(folder, inside)
  }
  return folder
}

function readVersion(root) {
  const header = ['include/torch/headeronly/version.h', 'include/torch/csrc/api/include/torch/version.h']
    .map(file => readOptional(path.join(root, file)))
    .find(text => text !== null && /TORCH_VERSION_MAJOR\s+\d/.test(text))
  if (header) {
    const part = name => new RegExp(`define TORCH_VERSION_${name}\\s+(\\d+)`).exec(header)?.[1] ?? '0'
    return `${part('MAJOR')}.${part('MINOR')}.${part('PATCH')}`
  }
  return /^\d+\.\d+\.\d+/.exec(buildVersion(root) ?? '')?.[0] ?? null
}

/** `2.13.0+cpu`: from `build-version` of an archive, from `version.py` of a wheel. */
function buildVersion(root) {
  const archive = readOptional(path.join(root, 'build-version'))
  if (archive) return archive.trim()
  return /__version__\s*=\s*['"]([^'"]+)/.exec(readOptional(path.join(root, 'version.py')) ?? '')?.[1] ?? null
}

function readBuild(root, version) {
  const build = buildVersion(root) ?? version
  if (!existsSync(path.join(root, `lib/libtorch_cuda.${extension}`))) return { build, cuda: null }
  const python = /cuda(?::[^=]*)?\s*=\s*['"](\d+\.\d+)['"]/.exec(readOptional(path.join(root, 'version.py')) ?? '')
  const local = /\+cu(\d+)(\d)$/.exec(build)
  return { build, cuda: python?.[1] ?? (local ? `${local[1]}.${local[2]}` : 'unknown') }
}

function readOptional(file) {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}

/** Below zero where `a` is older than `b`; local parts (`+cpu`) and pre-release tags do not count. */
export function compareVersions(a, b) {
  const numbers = version =>
    version
      .split('+')[0]
      .split('.')
      .map(part => Number.parseInt(part, 10) || 0)
  const [left, right] = [numbers(a), numbers(b)]
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

/** `libtorch 2.13.0+cu130 (CUDA 13.0)`. */
export function nameOf(libtorch) {
  const cuda = libtorch.cuda === null ? 'CPU' : `CUDA ${libtorch.cuda}`
  return `libtorch ${libtorch.build} (${cuda})`
}
