import { copyFile, mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { DataError } from '../core/errors'
import { DEBIAN_FOLDER, DEBIAN_PACKAGE, unpackDebianPackage } from './debian-package'
import { download } from './download'
import { type Arrays, checkContent, type DataFile, FILES, filesOf, readFolder } from './fashion-mnist-files'

/** Where the images came from. */
export type DataSource = 'sample' | 'folder' | 'debian' | 'cache' | 'download' | 'debian-package'

/** What `loadData` tells while it works. */
export interface DataProgress {
  step: 'download' | 'unpack' | 'done'
  source: DataSource
  /** One line for people. */
  message: string
  /** While a file is fetched: its name, the bytes that have come and the bytes in all. */
  file?: string
  received?: number
  total?: number
}

export interface SourceOptions {
  root?: string
  sample?: boolean
  download?: boolean
  signal?: AbortSignal
  onProgress?: (progress: DataProgress) => void
}

/** The surroundings, so that tests can be strangers to this machine. */
export interface Surroundings {
  env: NodeJS.ProcessEnv
  debianFolder: string
  addresses: readonly string[]
  files: readonly DataFile[]
}

const UNFINISHED = '.unfinished-'

/** Images of the sample that ships with the package. */
export const SAMPLE = { train: 1000, test: 200 } as const

/** The same place from `src/` and from `dist/`. */
const SAMPLE_FOLDER = resolve(__dirname, '..', '..', 'src', 'data', 'sample')

const HERE: Surroundings = {
  env: process.env,
  debianFolder: DEBIAN_FOLDER,
  addresses: [
    'https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/',
    'http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/', // plain HTTP is all it speaks; the checksum decides
  ],
  files: FILES,
}

/**
 * Finds the data, or fetches them into the cache. A folder that the caller or `FASHION_MNIST` names is taken or refused;
 * the others are tried in order, and the error lists what came of each.
 */
export async function findArrays(options: SourceOptions, here: Surroundings = HERE): Promise<Arrays> {
  const { signal, onProgress } = options
  const done = (arrays: Arrays, source: DataSource, message: string) => {
    onProgress?.({ step: 'done', source, message })
    return arrays
  }
  if (options.sample) {
    const arrays = await readFolder(SAMPLE_FOLDER, filesOf(SAMPLE.train, SAMPLE.test), signal)
    const message = `a sample of Fashion-MNIST: ${SAMPLE.train} of its 60000 training and ${SAMPLE.test} of its 10000 test images`
    return done(arrays, 'sample', message)
  }
  const named = options.root ?? here.env.FASHION_MNIST
  if (named) {
    const folder = resolve(named)
    const arrays = await readFolder(folder, here.files, signal).catch(error => {
      signal?.throwIfAborted()
      const who = options.root === undefined ? 'FASHION_MNIST names a folder without the data' : 'no data there'
      throw new DataError(`Fashion-MNIST: ${who}: ${error.message}`, { cause: error })
    })
    return done(arrays, 'folder', `Fashion-MNIST from ${folder}`)
  }

  const tried: string[] = []
  const attempt = async (what: string, work: () => Promise<Arrays>) => {
    try {
      return await work()
    } catch (error) {
      signal?.throwIfAborted()
      tried.push(`${what}: ${(error as Error).message}`)
      return undefined
    }
  }
  const read = (folder: string) => () => readFolder(folder, here.files, signal)
  const cache = join(cacheFolder(here.env), 'fashion-mnist')

  const debian = await attempt(`Debian's ${DEBIAN_PACKAGE}`, read(here.debianFolder))
  if (debian) return done(debian, 'debian', `Fashion-MNIST from ${here.debianFolder}`)
  const cached = await attempt('the cache', read(cache))
  if (cached) return done(cached, 'cache', `Fashion-MNIST from ${cache}`)
  if (options.download === false) throw notFound([...tried, 'downloads are switched off (download: false)'])

  for (const address of here.addresses) {
    const fetched = await attempt(`download from ${address}`, () =>
      intoCache(address, async work => {
        for (const { name, ...expected } of here.files) {
          const message = `fetching ${name}`
          const onBytes = (received: number, total: number) =>
            onProgress?.({ step: 'download', source: 'download', message, file: name, received, total })
          await download(new URL(name, address).href, join(work, name), expected, { signal, onBytes })
        }
        return work
      }),
    )
    if (fetched) return done(fetched, 'download', `Fashion-MNIST from ${address}, kept in ${cache}`)
  }
  const unpacked = await attempt(`Debian's package ${DEBIAN_PACKAGE}, unpacked without root`, () =>
    intoCache('the package', work => {
      onProgress?.({ step: 'unpack', source: 'debian-package', message: `fetching Debian's ${DEBIAN_PACKAGE}` })
      return unpackDebianPackage(work, signal)
    }),
  )
  if (unpacked) return done(unpacked, 'debian-package', `Fashion-MNIST from ${DEBIAN_PACKAGE}, kept in ${cache}`)
  throw notFound(tried)

  /** Lets `fill` put the files somewhere under a work folder, checks them, and only then gives them their names. */
  async function intoCache(origin: string, fill: (work: string) => Promise<string>): Promise<Arrays> {
    await mkdir(cache, { recursive: true })
    await sweep(cache)
    const work = await mkdtemp(join(cache, UNFINISHED))
    try {
      const from = await fill(work)
      const arrays = await readFolder(from, here.files, signal)
      checkContent(arrays, here.files, origin)
      for (const { name } of here.files) {
        const staged = join(work, `staged-${name}`)
        await copyFile(join(from, name), staged)
        await rename(staged, join(cache, name))
      }
      return arrays
    } finally {
      await rm(work, { recursive: true, force: true })
    }
  }
}

/** Deletes what a killed process left a day ago or earlier; a younger one may still be at work. */
async function sweep(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.startsWith(UNFINISHED)) continue
    const path = join(folder, name)
    const age = Date.now() - (await stat(path)).mtimeMs
    if (age > 24 * 3600 * 1000) await rm(path, { recursive: true, force: true })
  }
}

function notFound(tried: readonly string[]): DataError {
  return new DataError(
    [
      'Fashion-MNIST was not found. Tried:',
      ...tried.map(line => `  - ${line}`),
      `Get its four files (${FILES.map(({ name }) => name).join(', ')}) and name their folder in FASHION_MNIST`,
      `or as { root }, install Debian's ${DEBIAN_PACKAGE}, or take the sample that comes along ({ sample: true }).`,
    ].join('\n'),
  )
}

/** `LIBTORCH_NODE_CACHE`, else `libtorch-node` in the user's cache folder: where libtorch is kept, too. */
export function cacheFolder(env: NodeJS.ProcessEnv): string {
  if (env.LIBTORCH_NODE_CACHE) return resolve(env.LIBTORCH_NODE_CACHE)
  const caches = process.platform === 'darwin' ? 'Library/Caches' : '.cache'
  return join(env.XDG_CACHE_HOME || join(env.HOME || homedir(), caches), 'libtorch-node')
}
