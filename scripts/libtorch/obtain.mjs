import path from 'node:path'
import { InstallError, reasonOf } from '../install-error.mjs'
import { withLock } from '../lock.mjs'
import { unpackArchive } from './archive.mjs'
import { cachedLibtorches, cacheFolder, installIntoCache, makeFolder } from './cache.mjs'
import { Unreachable } from './download.mjs'
import { CUDA_VARIANTS, findDriver, variantsFor } from './driver.mjs'
import { compareVersions, inspectLibtorch, nameOf, OLDEST, PINNED } from './inspect.mjs'
import { findPythonTorch } from './python.mjs'
import { unpackWheel } from './wheel.mjs'

/**
 * Finds a libtorch, or fetches one: an explicit LIBTORCH, an installed Python torch in the supported window, the project's
 * cache, and only then the network.
 *
 * @param {{ env: Record<string, string | undefined>, say: (line: string) => void, remembered?: string }} options
 *   `remembered`: the folder that LIBTORCH named in an earlier build; it holds until another one is named
 */
export async function obtainLibtorch({ env, say, remembered }) {
  // npm runs scripts in the package's folder; what a person typed is meant from where they typed it.
  if (env.LIBTORCH)
    return { ...inspectLibtorch(path.resolve(env.INIT_CWD ?? '', env.LIBTORCH), 'LIBTORCH'), explicit: true }
  const wanted = readWishes(env)
  if (remembered && !wanted.explicit) {
    const libtorch = tryInspect(remembered, 'the LIBTORCH of the last build', say)
    if (libtorch) return { ...libtorch, explicit: true }
  }
  return (await fromPython(env, wanted, say)) ?? fromCache(env, wanted, say) ?? (await fetchLibtorch(env, wanted, say))
}

/** LIBTORCH_NODE_VERSION and LIBTORCH_NODE_VARIANT, checked. */
function readWishes(env) {
  const version = env.LIBTORCH_NODE_VERSION || PINNED
  if (!/^\d+\.\d+\.\d+$/.test(version)) {
    throw new InstallError({
      problem: 'LIBTORCH_NODE_VERSION is not a version.',
      found: `'${version}'`,
      expected: `three numbers, as ${PINNED}`,
      next: `LIBTORCH_NODE_VERSION=${PINNED} npm run build:native, or unset it`,
    })
  }
  if (compareVersions(version, OLDEST) < 0) {
    throw new InstallError({
      problem: 'LIBTORCH_NODE_VERSION names a libtorch that is too old.',
      found: version,
      expected: `${OLDEST} or newer`,
      next: `LIBTORCH_NODE_VERSION=${PINNED} npm run build:native, or unset it`,
    })
  }
  const variant = env.LIBTORCH_NODE_VARIANT || null
  if (variant !== null && !/^(cpu|cu\d{3})$/.test(variant)) {
    throw new InstallError({
      problem: 'LIBTORCH_NODE_VARIANT names no variant.',
      found: `'${variant}'`,
      expected: `cpu, or a CUDA version as ${CUDA_VARIANTS.join(', ')}`,
      next: 'LIBTORCH_NODE_VARIANT=cpu npm run build:native, or unset it: the NVIDIA driver then decides',
    })
  }
  return { version, variant, explicit: Boolean(env.LIBTORCH_NODE_VERSION || env.LIBTORCH_NODE_VARIANT) }
}

/** An installed Python torch, unless a version or variant was asked for that it is not. */
async function fromPython(env, wanted, say) {
  const found = await findPythonTorch(env)
  if (!found) return null
  const libtorch = tryInspect(found.folder, `Python's torch (${found.python})`, say)
  if (!libtorch) return null
  const otherVersion = env.LIBTORCH_NODE_VERSION && libtorch.version !== wanted.version
  const otherVariant = wanted.variant !== null && variantOf(libtorch) !== wanted.variant
  if (otherVersion || otherVariant) {
    say(`Python's torch (${found.python}) is ${nameOf(libtorch)}, not the one asked for; it is passed over.`)
    return null
  }
  return libtorch
}

function fromCache(env, wanted, say) {
  const cached = cachedLibtorches(cacheFolder(env))
    .map(({ folder }) => tryInspect(folder, 'the cache', say))
    .filter(libtorch => libtorch?.version === wanted.version)
  // CUDA first: whoever fetched it wanted it.
  cached.sort((a, b) => Number(b.cuda !== null) - Number(a.cuda !== null))
  return cached.find(libtorch => wanted.variant === null || variantOf(libtorch) === wanted.variant) ?? null
}

async function fetchLibtorch(env, wanted, say) {
  const cache = cacheFolder(env)
  makeFolder(cache)
  return withLock(path.join(cache, 'lock'), 'fetches libtorch', say, async () => {
    const meanwhile = fromCache(env, wanted, say)
    if (meanwhile) return meanwhile
    const variants = await chooseVariants(env, wanted, say)
    const folder = await installIntoCache(cache, async unfinished => {
      await fillFromAnySource({ variants, version: wanted.version, env, cache, folder: unfinished, say })
      const libtorch = inspectLibtorch(unfinished, 'The download')
      refuseOther(libtorch, wanted)
      return libtorch.build
    })
    const libtorch = inspectLibtorch(folder, 'The cache')
    say(`${nameOf(libtorch)} is in ${libtorch.root}.`)
    return libtorch
  })
}

/** The variants to try, best first; which one and why is said aloud, for a silent fall back to the CPU is the field's plague. */
async function chooseVariants(env, wanted, say) {
  if (wanted.variant !== null) return [wanted.variant]
  const driver = process.platform === 'linux' ? await findDriver(env) : null
  const cuda = variantsFor(driver)
  if (!driver)
    say(`No NVIDIA driver: libtorch ${wanted.version} for the CPU (LIBTORCH_NODE_VARIANT chooses another one).`)
  else if (cuda.length === 0) {
    say(
      `The NVIDIA driver runs CUDA ${driver.cuda.join('.')} (${driver.source}): too old for ${CUDA_VARIANTS.at(-1)}, so the CPU it is.`,
    )
  } else say(`The NVIDIA driver runs CUDA ${driver.cuda.join('.')} (${driver.source}): trying ${cuda.join(', ')}.`)
  return [...cuda, 'cpu']
}

/** A GPU that nobody uses is said aloud too, where a CPU build was found and not chosen here. */
export async function mentionUnusedDriver(libtorch, env, say) {
  if (libtorch.cuda !== null || env.LIBTORCH_NODE_VARIANT === 'cpu') return
  const driver = await findDriver(env)
  const [best] = variantsFor(driver)
  if (best)
    say(
      `This libtorch is a CPU build, and the NVIDIA driver runs CUDA ${driver.cuda.join('.')}: LIBTORCH_NODE_VARIANT=${best} fetches one that uses the GPU.`,
    )
}

async function fillFromAnySource({ variants, version, ...rest }) {
  const reasons = []
  for (const source of [unpackArchive, unpackWheel]) {
    for (const variant of source === unpackArchive ? variants : variants.slice(0, 1)) {
      try {
        await source({ version, variant, ...rest })
        if (variant === 'cpu' && variants.length > 1)
          rest.say('NO CUDA: none of its variants could be fetched, this libtorch runs on the CPU only.')
        return
      } catch (error) {
        if (!(error instanceof Unreachable)) throw error
        reasons.push(error.message)
        rest.say(`Not from there: ${error.message}`)
      }
    }
  }
  throw noSource(version, variants, reasons)
}

function noSource(version, variants, reasons) {
  return new InstallError({
    problem: `libtorch ${version} cannot be fetched.`,
    found: reasons.join('\n            '),
    expected: `one of its archives (${variants.join(', ')}), or a wheel that pip can download`,
    next: [
      `pip install torch==${version}      then the same command once more: an installed torch is used`,
      'LIBTORCH=<folder of a libtorch unpacked by hand> npm run build:native',
      'LIBTORCH_NODE_MIRROR=<address of a copy of download.pytorch.org/libtorch> npm run build:native',
      'behind a proxy: NODE_USE_ENV_PROXY=1 with HTTPS_PROXY (Node 22.21 and newer); pip reads HTTPS_PROXY by itself',
    ],
  })
}

/** What came must be what was asked for; an index may answer a plain version with another variant. */
function refuseOther(libtorch, wanted) {
  const right =
    libtorch.version === wanted.version && (wanted.variant === null || variantOf(libtorch) === wanted.variant)
  if (right) return
  throw new InstallError({
    problem: 'Another libtorch came than the one asked for; it was deleted.',
    found: nameOf(libtorch),
    expected: `libtorch ${wanted.version}${wanted.variant === null ? '' : `+${wanted.variant}`}`,
    next: [
      `PIP_INDEX_URL=https://download.pytorch.org/whl/${wanted.variant ?? 'cpu'} npm run build:native`,
      'or unset LIBTORCH_NODE_VARIANT to take what there is',
    ],
  })
}

function tryInspect(folder, origin, say) {
  try {
    return inspectLibtorch(folder, origin)
  } catch (error) {
    if (!(error instanceof InstallError)) throw error
    say(`${reasonOf(error)}\n  It is passed over.`)
    return null
  }
}

/** `cpu`, `cu130`; `cuda` for a CUDA build that does not say which. */
function variantOf(libtorch) {
  if (libtorch.cuda === null) return 'cpu'
  return libtorch.cuda === 'unknown' ? 'cuda' : `cu${libtorch.cuda.replace('.', '')}`
}
