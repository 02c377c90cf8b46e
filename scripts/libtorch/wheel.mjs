import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import { execa } from 'execa'
import { Unreachable } from './download.mjs'
import { findPip } from './python.mjs'
import { readEntry, unpack } from './unpack.mjs'
import { parseRecord } from './verify.mjs'

/** The C++ part of a wheel; its 10,000 Python files, and the library that needs a Python around it, stay out. */
const CPP_PART =
  /^(torch\/(lib\/(?!libtorch_python)|include\/|share\/cmake\/|version\.py$)|torch\.libs\/|nvidia\/(?!.*\.py$)|[^/]+\.dist-info\/(METADATA|licenses\/|LICENSE))/

/**
 * Fetches the Python wheel through pip, with whatever index, mirror or folder this machine's pip is set up for, and unpacks
 * its C++ part into `folder`. A CUDA wheel needs its nvidia wheels beside it: they come along into the same folder, where
 * libtorch's own relative paths find them. Throws `Unreachable` where pip cannot get it.
 */
export async function unpackWheel({ version, variant, env, cache, folder, say }) {
  const python = await findPip(env)
  const what = `the Python wheel torch==${version}`
  if (python === null) throw new Unreachable(what, 'no python3 with pip is on the PATH')
  const downloads = path.join(cache, 'downloads', `wheels-${process.pid}`)
  try {
    const pip = (requirements, options) => pipDownload({ python, requirements, options, downloads, env })
    say(`Asking pip (${python}) for ${what}.`)
    await firstOf(
      // The wanted variant by name, else whatever the index calls this version. The Python does not matter, only its
      // libraries are used: where no wheel is made for this one, any other will do.
      [`torch==${version}+${variant}`, `torch==${version}`].flatMap(requirement => [
        () => pip([requirement], ['--no-deps']),
        () => pip([requirement], ['--no-deps', ...otherPython()]),
      ]),
      what,
    )
    const torch = wheelsIn(downloads).find(name => name.startsWith('torch-'))
    await unpackVerified(path.join(downloads, torch), folder)
    say(`Trusted are pip, its index, and the hashes of the files that ${torch} holds itself.`)
    await unpackCudaLibraries({ torch: path.join(downloads, torch), pip, downloads, folder, say })
  } finally {
    rmSync(downloads, { recursive: true, force: true })
  }
}

async function unpackCudaLibraries({ torch, pip, downloads, folder, say }) {
  const metadata = (await readEntry(torch, /^torch-[^/]+\.dist-info\/METADATA$/)) ?? ''
  const needed = cudaRequirements(metadata)
  if (needed.length === 0) return
  say(`pip's wheel is a CUDA build: it needs NVIDIA's libraries beside it (several GB). ${needed.join(', ')}`)
  say('LIBTORCH_NODE_VARIANT=cpu, with an index that has CPU builds (PIP_INDEX_URL), avoids them.')
  try {
    await pip(needed, [])
  } catch (error) {
    throw new Unreachable('the NVIDIA wheels of a CUDA build', error.message)
  }
  for (const name of wheelsIn(downloads).filter(name => /^nvidia_/.test(name))) {
    await unpackVerified(path.join(downloads, name), folder)
  }
}

/** The requirements of torch's METADATA that hold CUDA libraries, without their conditions: we are on that platform. */
export function cudaRequirements(metadata) {
  return metadata
    .split(/\r?\n/)
    .map(line => /^Requires-Dist:\s*((?:nvidia-|cuda-toolkit)[^;]*)/.exec(line)?.[1])
    .filter(requirement => requirement !== undefined)
    .map(requirement => requirement.replaceAll(/[\s()]/g, ''))
}

async function unpackVerified(wheel, folder) {
  const record = parseRecord((await readEntry(wheel, /^[^/]+\.dist-info\/RECORD$/)) ?? '')
  await unpack(wheel, folder, { wanted: name => CPP_PART.test(name), record })
}

async function pipDownload({ python, requirements, options, downloads, env }) {
  mkdirSync(downloads, { recursive: true })
  const result = await execa(
    python,
    ['-m', 'pip', 'download', '--only-binary', ':all:', '--dest', downloads, ...options, ...requirements],
    // pip's own progress goes to stderr: stdout is for results. What it complains of is shown only if nothing helps.
    { env, extendEnv: false, reject: false, cwd: downloads, stdio: ['ignore', process.stderr, 'pipe'] },
  )
  if (!result.failed) return
  const complaints = (result.stderr ?? '').split('\n').filter(line => /^ERROR: /.test(line))
  throw new Error(complaints.at(-1)?.slice('ERROR: '.length) ?? result.shortMessage)
}

async function firstOf(attempts, what) {
  const reasons = new Set()
  for (const attempt of attempts) {
    try {
      return await attempt()
    } catch (error) {
      reasons.add(error.message)
    }
  }
  throw new Unreachable(what, [...reasons].at(-1))
}

function otherPython() {
  const machine = process.arch === 'arm64' ? 'aarch64' : 'x86_64'
  const platform = process.platform === 'darwin' ? 'macosx_14_0_arm64' : `manylinux_2_28_${machine}`
  return ['--platform', platform, '--python-version', '3.12', '--implementation', 'cp', '--abi', 'cp312']
}

const wheelsIn = folder => readdirSync(folder).filter(name => name.endsWith('.whl'))
