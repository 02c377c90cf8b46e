/** Who we are measured beside: a Python with torch and onnxruntime-node, found or, where asked, installed into the cache. */
import { execFile, execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { root } from './root'

/** A Python that can import torch. */
export interface Python {
  command: string
  version: string
  torch: string
}

/** Where onnxruntime-node lies, and the article's network as an ONNX model. */
export interface OnnxRuntime {
  runtime: string
  model: string
  version: string
}

const ONNX_PACKAGES = { 'onnxruntime-node': '1.30.0', protobufjs: '8.8.1' }

/** The folder of the cache in which the benchmarks' own things lie. */
async function benchFolder(): Promise<string> {
  const { cacheFolder } = (await import(pathToFileURL(path.join(root, 'scripts', 'libtorch', 'cache.mjs')).href)) as {
    cacheFolder(env: NodeJS.ProcessEnv): string
  }
  return path.join(cacheFolder(process.env), 'bench')
}

/** `LIBTORCH_NODE_PYTHON`, the active environment's, the one in the cache, or `python3`: the first that has torch. */
export async function findPython(): Promise<Python | undefined> {
  const { LIBTORCH_NODE_PYTHON, VIRTUAL_ENV } = process.env
  const candidates = [
    LIBTORCH_NODE_PYTHON,
    VIRTUAL_ENV && path.join(VIRTUAL_ENV, 'bin', 'python'),
    pythonOf(path.join(await benchFolder(), 'python')),
    'python3',
  ]
  for (const command of candidates) {
    const python = command ? asPython(command) : undefined
    if (python) return python
  }
  return undefined
}

const pythonOf = (environment: string) => path.join(environment, 'bin', 'python')

function asPython(command: string): Python | undefined {
  const code = 'import json, platform, torch; print(json.dumps([platform.python_version(), torch.__version__]))'
  // From a folder that has no torch of its own.
  const cwd = path.parse(root).root
  try {
    const [version, torch] = JSON.parse(
      execFileSync(command, ['-c', code], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], cwd }),
    ) as [string, string]
    return { command, version, torch }
  } catch {
    return undefined // not there, or without torch
  }
}

/** Makes an environment with the torch of our libtorch's version in the cache, where there is none yet. */
export async function installPython(libtorch: string): Promise<Python> {
  const environment = path.join(await benchFolder(), 'python')
  const there = asPython(pythonOf(environment))
  if (there && there.torch.split('+')[0] === libtorch) return there
  rmSync(environment, { recursive: true, force: true })
  mkdirSync(path.dirname(environment), { recursive: true })
  await command('python3', ['-m', 'venv', environment], 'a Python environment', [
    'python3 with its venv module (Debian: apt-get install python3-venv)',
  ])
  const pip = ['-m', 'pip', 'install', '--disable-pip-version-check', '--only-binary', ':all:']
  const python = pythonOf(environment)
  const why = [
    `a pip that reaches an index with torch ${libtorch} for this Python (PIP_INDEX_URL names another index)`,
    'or, without that, LIBTORCH_NODE_PYTHON=<a Python that has torch>',
  ]
  // The CPU build by name, where the index has it: what most indexes call this version needs gigabytes of CUDA libraries.
  const torch = `torch ${libtorch} for Python`
  try {
    await command(python, [...pip, `torch==${libtorch}+cpu`], `${torch}, the CPU build`, [])
  } catch {
    await command(python, [...pip, `torch==${libtorch}`], torch, why)
  }
  const made = asPython(python)
  if (!made)
    throw new Error(
      `The torch in ${environment} cannot be imported.\n  next: delete that folder, then the same command`,
    )
  return made
}

/** The onnxruntime-node of the cache, with its model, where `--with-onnx` put one. */
export async function findOnnx(): Promise<OnnxRuntime | undefined> {
  const runtime = path.join(await benchFolder(), 'onnx')
  const manifest = path.join(runtime, 'node_modules', 'onnxruntime-node', 'package.json')
  const model = path.join(runtime, 'net.onnx')
  if (!existsSync(manifest) || !existsSync(model)) return undefined
  return { runtime, model, version: JSON.parse(readFileSync(manifest, 'utf8')).version }
}

/** Installs onnxruntime-node into the cache, where it is not there yet, and writes the article's network as a model. */
export async function installOnnx(): Promise<OnnxRuntime> {
  const runtime = path.join(await benchFolder(), 'onnx')
  const packages = Object.entries(ONNX_PACKAGES).map(([name, version]) => `${name}@${version}`)
  if ((await findOnnx())?.version !== ONNX_PACKAGES['onnxruntime-node']) {
    mkdirSync(runtime, { recursive: true })
    writeFileSync(path.join(runtime, 'package.json'), '{ "private": true }\n')
    // Its install script fetches GPU libraries, which are of no use here; the ones for the CPU are in the package.
    await command(
      'npm',
      ['install', '--prefix', runtime, '--ignore-scripts', '--no-audit', '--no-fund', ...packages],
      packages.join(' and '),
      ['npm, and a registry that it reaches'],
    )
  }
  const model = path.join(runtime, 'net.onnx')
  await command(
    process.execPath,
    [path.join(__dirname, 'onnx', 'write-model.js'), runtime, model],
    'the ONNX model',
    [],
  )
  return (await findOnnx())!
}

/** Runs a command that fetches something; says what was missing where it fails. */
async function command(file: string, args: readonly string[], what: string, expected: string[]): Promise<void> {
  try {
    console.error(`Getting ${what}.`)
    await promisify(execFile)(file, args, { maxBuffer: 64e6 })
  } catch (error) {
    const { stderr, message, code } = error as { stderr?: string; message: string; code?: unknown }
    const said =
      (stderr ?? '')
        .trim()
        .split('\n')
        .filter(line => /error/i.test(line) && !/complete log/.test(line))
        .at(-1) ?? message.split('\n')[0]!
    throw new Error(
      [
        `Cannot get ${what}.`,
        `  found:    ${code === 'ENOENT' ? `no ${file}` : said}`,
        ...expected.map(line => `  expected: ${line}`),
      ].join('\n'),
    )
  }
}
