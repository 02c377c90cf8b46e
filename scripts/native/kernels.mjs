import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { execa } from 'execa'
import { digest } from './stamp.mjs'

const FLAGS = ['-std=c++17', '-O3', '-arch=all-major', '-fatbin', '-Xfatbin=-compress-all']

/**
 * The compiler of a CUDA toolkit, where there is one, for the fused kernels of `native/cuda/kernels/`; null where they are not
 * wanted: for a libtorch without CUDA, and where `LIBTORCH_NODE_CUDA_KERNELS` is 0.
 *
 * @returns {Promise<{ program: string, version: string } | null>}
 */
export async function findNvcc(env, libtorch) {
  if (libtorch.cuda === null || env.LIBTORCH_NODE_CUDA_KERNELS === '0') return null
  const folders = [env.CUDA_HOME, env.CUDA_PATH, '/usr/local/cuda'].filter(Boolean)
  const candidates = [env.CUDACXX, 'nvcc', ...folders.map(folder => path.join(folder, 'bin', 'nvcc'))].filter(Boolean)
  for (const program of candidates) {
    const { failed, stdout } = await execa(program, ['--version'], { env, extendEnv: false, reject: false })
    if (!failed) return { program, version: /release.*/.exec(stdout)?.[0] ?? stdout.trim() }
  }
  return null
}

/**
 * Compiles the fused kernels for every GPU that the toolkit knows, into one file that the addon holds then; gives its path.
 * Null where there is no nvcc, or where it fails: the addon does without, and `explain` says so.
 */
export async function compileKernels({ root, nvcc, env, say }) {
  if (nvcc === null) return null
  const folder = path.join(root, 'native', 'cuda', 'kernels')
  const [output, stampFile] = ['fused.fatbin', 'fused.stamp'].map(name => path.join(root, 'build', name))
  const sources = readdirSync(folder).sort()
  const stamp = digest([
    JSON.stringify([nvcc, FLAGS]),
    ...sources.flatMap(file => [file, readFileSync(path.join(folder, file))]),
  ])
  if (existsSync(output) && existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return output
  mkdirSync(path.dirname(output), { recursive: true })
  rmSync(stampFile, { force: true })
  say(`Compiling fused kernels for GPUs (nvcc, ${nvcc.version}).`)
  const source = path.join(folder, 'fused.cu')
  const args = [...FLAGS, '-I', path.join(root, 'native'), '-o', output, source]
  const result = await execa(nvcc.program, args, { env, extendEnv: false, reject: false, all: true })
  if (result.failed) {
    say(result.all || result.shortMessage)
    say('nvcc does not compile the fused kernels: GPUs are used without them, which changes no result.')
    return null
  }
  writeFileSync(stampFile, stamp)
  return output
}
