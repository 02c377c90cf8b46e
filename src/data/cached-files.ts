import { existsSync } from 'node:fs'
import { mkdir, readdir, rename } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { DataError, describe, InvalidArgTypeError } from '../core/errors'
import { check, is, isOptions, unknownOption } from '../core/options'
import { download, type Expected } from './download'
import { cacheFolder, type DataProgress } from './fashion-mnist-sources'

/** A file of a data set, as its authors publish it. */
export interface PublishedFile extends Expected {
  name: string
}

/** Where a data set is published, and the surroundings; tests have their own. */
export interface Publication {
  /** In errors: `MNIST`. */
  title: string
  /** Its folder in the cache. */
  folder: string
  /** Where the files may lie in a folder that the caller names, besides the folder itself. */
  inside: readonly string[]
  files: readonly PublishedFile[]
  addresses: readonly string[]
  env: NodeJS.ProcessEnv
}

/** Where the data of a data set may come from. */
export interface FileOptions {
  /** A folder with the files; nothing else is tried then. */
  root?: string
  /** Whether to fetch what is not in the cache; default true. */
  download?: boolean
  signal?: AbortSignal
  /** Called with what is done, for people to see; the last call says where the data came from. */
  onProgress?: (progress: DataProgress) => void
}

export const FILE_OPTIONS = ['root', 'download', 'signal', 'onProgress'] as const

/** Checks the options about files, and that there are no others than `known`. */
export function checkFileOptions(what: string, options: unknown, known: readonly string[]): void {
  if (!isOptions(options)) throw new InvalidArgTypeError(`${what} takes one options object, got ${describe(options)}`)
  for (const key of Object.keys(options)) if (!known.includes(key)) throw unknownOption(what, key, known)
  const optional = ([expected, test]: readonly [string, (value: unknown) => boolean]) =>
    [expected, (value: unknown) => value === undefined || test(value)] as const
  check(what, 'root', options.root, optional(is.string))
  check(what, 'download', options.download, optional(is.boolean))
  check(what, 'signal', options.signal, optional(['an AbortSignal', value => value instanceof AbortSignal]))
  check(what, 'onProgress', options.onProgress, optional(['a function', value => typeof value === 'function']))
}

/**
 * Finds the files in the folder that the caller names or in the cache, and fetches what the cache lacks, checked by its
 * checksum, going on where an earlier download was cut; gives their paths. Throws `ERR_DATA` that lists what was tried; an aborted `signal` gives an `AbortError`.
 */
export async function findFiles(published: Publication, options: FileOptions): Promise<string[]> {
  const { title, files } = published
  const done = (source: DataProgress['source'], message: string) =>
    options.onProgress?.({ step: 'done', source, message })
  if (options.root !== undefined) {
    const root = resolve(options.root)
    const paths = files.map(({ name }) => published.inside.map(part => join(root, part, name)).find(existsSync))
    const missing = files.filter((_, i) => paths[i] === undefined).map(({ name }) => name)
    if (missing.length > 0) throw new DataError(`${title}: the folder ${root} lacks ${missing.join(', ')}`)
    done('folder', `${title} from ${root}`)
    return paths as string[]
  }
  const cache = join(cacheFolder(published.env), published.folder)
  const missing = files.filter(({ name }) => !existsSync(join(cache, name)))
  if (missing.length > 0 && options.download === false) {
    throw new DataError(
      `${title}: ${cache} lacks ${missing.map(({ name }) => name).join(', ')}, and downloads are switched off (download: false)`,
    )
  }
  for (const file of missing) await fetchFile(published, file, cache, options)
  done(missing.length > 0 ? 'download' : 'cache', `${title} from ${cache}`)
  return files.map(({ name }) => join(cache, name))
}

async function fetchFile(
  published: Publication,
  file: PublishedFile,
  cache: string,
  options: FileOptions,
): Promise<void> {
  const { name, bytes, sha256 } = file
  const { signal, onProgress } = options
  await mkdir(cache, { recursive: true })
  const path = join(cache, `${name}.part-${process.pid}`)
  await takeOver(cache, name, path)
  const tried: string[] = []
  for (const address of published.addresses) {
    const onBytes = (received: number, total: number) =>
      onProgress?.({ step: 'download', source: 'download', message: `fetching ${name}`, file: name, received, total })
    try {
      await download(new URL(name, address).href, path, { bytes, sha256 }, { signal, onBytes, resume: true })
      await rename(path, join(cache, name)) // whole or not at all
      return
    } catch (error) {
      signal?.throwIfAborted()
      tried.push(`  - ${(error as Error).message}`)
    }
  }
  throw new DataError(
    [
      `${published.title}: ${name} cannot be fetched. Tried:`,
      ...tried,
      `Put it into a folder and name that as { root }, or into ${cache}.`,
    ].join('\n'),
  )
}

/** Goes on with what a process that is no more has left; renaming gives it to one of those that want it. */
async function takeOver(cache: string, name: string, path: string): Promise<void> {
  if (existsSync(path)) return
  for (const left of await readdir(cache)) {
    if (!left.startsWith(`${name}.part-`) || isRunning(Number(left.slice(name.length + 6)))) continue
    const taken = await rename(join(cache, left), path).then(
      () => true,
      () => false,
    )
    if (taken) return
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
