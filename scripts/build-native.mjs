#!/usr/bin/env node
/**
 * `npm run build:native`, and `npx libtorch-node install`: finds or fetches libtorch, compiles the addon against it, and
 * writes what the TypeScript needs to know of its operators. Does nothing where nothing changed.
 *
 *   LIBTORCH=<folder> npm run build:native    against this libtorch (its folder, or the torch folder of a Python)
 *   npm run build:native -- --libtorch-only   stops once libtorch is there, and prints its folder
 *   npm run build:native -- --force           compiles everything anew
 *   LIBTORCH_NODE_CUDA_KERNELS=0              without fused kernels for GPUs, though there is an nvcc
 *
 * While working on native/: run it after each change, only what changed is compiled.
 */
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { fail } from './install-error.mjs'
import { nameOf } from './libtorch/inspect.mjs'
import { mentionUnusedDriver, obtainLibtorch } from './libtorch/obtain.mjs'
import { withLock } from './lock.mjs'
import { compile, prepareConfiguration, readConfiguration, tryLoad } from './native/compile.mjs'
import { compileKernels, findNvcc } from './native/kernels.mjs'
import { generateOperators } from './native/operators.mjs'
import { buildInputs, readStamp, writeStamp } from './native/stamp.mjs'
import { findToolchain } from './native/toolchain.mjs'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const binary = path.join(root, 'build', 'Release', 'libtorch_node.node')
const stampFile = path.join(root, 'build', 'stamp.json')
const say = line => console.error(line)

async function main(args, env) {
  const toolchain = args.includes('--libtorch-only') ? null : await findToolchain(env)
  const last = readStamp(stampFile, binary)
  const configured = readConfiguration(root)
  const libtorch = await obtainLibtorch({
    env,
    say,
    remembered: configured?.explicit ? configured.libtorch : undefined,
  })
  if (toolchain === null) {
    console.log(libtorch.root)
    return
  }
  const nvcc = await findNvcc(env, libtorch)
  const inputs = buildInputs({ root, libtorch, toolchain, nvcc })
  const force = args.includes('--force')
  const isBuilt = stamp => stamp?.configuration === inputs.configuration && stamp.sources === inputs.sources
  if (isBuilt(last) && !force) {
    say(`The native addon is up to date with ${nameOf(libtorch)} in ${libtorch.root}.`)
  } else {
    await withLock(path.join(root, 'build', 'lock'), 'builds the addon', say, async () => {
      // Another process may have built it while this one waited.
      if (isBuilt(readStamp(stampFile, binary)) && !force) return
      say(`Building the native addon against ${nameOf(libtorch)} in ${libtorch.root}.`)
      await mentionUnusedDriver(libtorch, env, say)
      prepareConfiguration(root, { configuration: inputs.configuration, libtorch, force })
      const kernels = await compileKernels({ root, nvcc, env, say })
      await compile({ root, libtorch, toolchain, kernels, env, binary })
      await tryLoad({ binary, env })
      writeStamp(stampFile, binary, { ...inputs, libtorch })
    })
  }
  await generateOperators({ root, binary, env })
}

main(process.argv.slice(2), process.env).catch(fail)
