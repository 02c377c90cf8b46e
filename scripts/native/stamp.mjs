import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'

const require = createRequire(import.meta.url)

/**
 * What a build depends on. `configuration` decides whether CMake must start anew, `sources` whether anything must be
 * compiled; the two together are what makes a second `npm run build:native` do nothing.
 */
export function buildInputs({ root, libtorch, toolchain, nvcc }) {
  const packages = ['cmake-js', 'node-addon-api', 'node-api-headers']
  return {
    configuration: digest([
      `${process.platform} ${process.arch} ${root}`,
      libtorch.identity,
      toolchain.compiler,
      toolchain.cmake,
      nvcc === null ? 'no nvcc' : `${nvcc.program} ${nvcc.version}`,
      ...packages.map(name => `${name} ${require(`${name}/package.json`).version}`),
    ]),
    sources: digest([
      readFileSync(path.join(root, 'CMakeLists.txt'), 'utf8'),
      ...nativeSources(root).flatMap(file => [file, readFileSync(path.join(root, file), 'utf8')]),
    ]),
  }
}

function nativeSources(root) {
  return readdirSync(path.join(root, 'native'), { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && /\.(cc|cu|h)$/.test(entry.name))
    .map(entry => path.relative(root, path.join(entry.parentPath ?? entry.path, entry.name)))
    .sort()
}

/** What the last good build wrote; null where there was none, or where its binary is gone or was replaced. */
export function readStamp(file, binary) {
  try {
    const stamp = JSON.parse(readFileSync(file, 'utf8'))
    return stamp.binary === fingerprint(binary) ? stamp : null
  } catch {
    return null
  }
}

/** Written last and in one step, so that a stamp always means a whole build. */
export function writeStamp(file, binary, facts) {
  const temporary = `${file}.${process.pid}`
  writeFileSync(temporary, `${JSON.stringify({ ...facts, binary: fingerprint(binary) }, null, 2)}\n`)
  renameSync(temporary, file)
}

/** A file's size and time; throws where it does not exist. */
function fingerprint(file) {
  const { size, mtimeMs } = statSync(file)
  return `${size}@${Math.trunc(mtimeMs)}`
}

/** A fingerprint of texts and bytes, in their order. */
export function digest(parts) {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part)
  return hash.digest('hex')
}
