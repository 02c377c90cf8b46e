import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statfsSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { InstallError } from '../install-error.mjs'

const UNFINISHED = '.unfinished-'

/** Where fetched things live: LIBTORCH_NODE_CACHE, else `libtorch-node` in the user's cache folder. */
export function cacheFolder(env) {
  if (env.LIBTORCH_NODE_CACHE) return path.resolve(env.INIT_CWD ?? '', env.LIBTORCH_NODE_CACHE)
  const base =
    env.XDG_CACHE_HOME ||
    path.join(env.HOME || os.homedir(), process.platform === 'darwin' ? 'Library/Caches' : '.cache')
  return path.join(base, 'libtorch-node')
}

/** The libtorches of the cache, as `{ build: '2.13.0+cpu', folder }`; only whole ones are ever there under their name. */
export function cachedLibtorches(cache) {
  const shelf = path.join(cache, 'libtorch')
  if (!existsSync(shelf)) return []
  return readdirSync(shelf)
    .filter(name => /^\d/.test(name))
    .map(build => ({ build, folder: path.join(shelf, build) }))
}

/**
 * Fills a new folder and gives it its name only when it is whole: whatever fails or is killed on the way leaves nothing
 * that could be taken for a libtorch.
 *
 * @param {(folder: string) => Promise<string>} fill fills the folder and tells the name that it deserves
 * @returns {Promise<string>} the folder under its name
 */
export async function installIntoCache(cache, fill) {
  const shelf = path.join(cache, 'libtorch')
  makeFolder(shelf)
  for (const name of readdirSync(shelf)) {
    // The lock is ours, so these are what a killed installation left.
    if (name.startsWith(UNFINISHED)) rmSync(path.join(shelf, name), { recursive: true, force: true })
  }
  const unfinished = path.join(shelf, `${UNFINISHED}${process.pid}`)
  mkdirSync(unfinished)
  try {
    const target = path.join(shelf, await fill(unfinished))
    rmSync(target, { recursive: true, force: true })
    renameSync(unfinished, target)
    return target
  } finally {
    rmSync(unfinished, { recursive: true, force: true })
  }
}

/** Makes a folder of the cache; says so where this user may not. */
export function makeFolder(folder) {
  try {
    mkdirSync(folder, { recursive: true })
  } catch (cause) {
    throw new InstallError({
      problem: 'The cache folder cannot be made.',
      found: `${cause.code} at ${folder}`,
      expected: 'a folder that this user may write',
      next: 'LIBTORCH_NODE_CACHE=<another folder> npm run build:native',
      cause,
    })
  }
}

/** Refuses before anything is written where the disk has less than `bytes` left. */
export function requireSpace(folder, bytes, what) {
  const { bavail, bsize } = statfsSync(folder)
  if (bavail * bsize < bytes)
    throw diskFull(folder, `${gigabytes(bavail * bsize)} free`, `${gigabytes(bytes)} for ${what}`)
}

/** ENOSPC and EDQUOT in words; any other error as it is. */
export function explainDisk(error, folder) {
  if (error.code !== 'ENOSPC' && error.code !== 'EDQUOT') return error
  return diskFull(folder, error.code, 'room for libtorch (about 1.5 GB for the CPU, 8 GB for CUDA)', error)
}

function diskFull(folder, found, expected, cause) {
  return new InstallError({
    problem: 'The disk is full.',
    found: `${found} at ${folder}`,
    expected,
    next: ['make room there, or', 'LIBTORCH_NODE_CACHE=<a folder on a larger disk> npm run build:native'],
    cause,
  })
}

const gigabytes = bytes => `${(bytes / 1e9).toFixed(1)} GB`
