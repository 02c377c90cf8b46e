import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { DataError } from '../core/errors'

/** Debian's package with the data, and where it keeps them. */
export const DEBIAN_PACKAGE = 'dataset-fashion-mnist'
const FOLDER = 'usr/share/datasets/fashion-mnist'

/** Where the files are on a machine that has the package installed. */
export const DEBIAN_FOLDER = `/${FOLDER}`

/**
 * Fetches Debian's package with apt and unpacks it into `work`, an empty folder, without root and without installing
 * anything; gives the folder with the files. Where apt knows no packages (as in a fresh container), it reads its lists
 * into `work` first.
 *
 * Throws `ERR_DATA` where apt or dpkg are missing or fail; an aborted `signal` ends the process.
 */
export async function unpackDebianPackage(work: string, signal?: AbortSignal): Promise<string> {
  const [debs, lists, root] = ['debs', 'lists', 'root'].map(name => join(work, name)) as [string, string, string]
  await mkdir(debs)
  await mkdir(join(lists, 'partial'), { recursive: true })
  const fetched = () => readdir(debs).then(names => names.find(name => name.endsWith('.deb')))
  const own = ['-o', `Dir::State::lists=${lists}`, '-o', `Dir::Cache=${work}`, '-o', 'Debug::NoLocking=1']
  try {
    await run('apt-get', ['download', DEBIAN_PACKAGE], debs, signal)
  } catch (error) {
    if (signal?.aborted || isMissing(error)) throw error
    await run('apt-get', [...own, 'update'], debs, signal)
    await run('apt-get', [...own, 'download', DEBIAN_PACKAGE], debs, signal)
  }
  const deb = await fetched()
  if (deb === undefined) throw new DataError(`apt-get download ${DEBIAN_PACKAGE} left no package`)
  await run('dpkg-deb', ['-x', join(debs, deb), root], debs, signal)
  return join(root, FOLDER)
}

async function run(command: string, args: readonly string[], cwd: string, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted()
  const { execa } = await import('execa') // an ES module: CommonJS reaches it this way only
  try {
    await execa(command, args, { cwd, cancelSignal: signal, stdin: 'ignore', timeout: 600_000, env: { LC_ALL: 'C' } })
  } catch (error) {
    signal?.throwIfAborted()
    const { stderr, shortMessage, code } = error as { stderr?: string; shortMessage?: string; code?: string }
    if (code === 'ENOENT') throw new DataError(`there is no ${command} here`, { cause: error })
    const lines = (stderr ?? '').split('\n').filter(line => line.startsWith('E:') || line.includes('rror'))
    throw new DataError(`${command} failed: ${lines.slice(0, 2).join(' ') || shortMessage}`, { cause: error })
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof DataError && (error.cause as { code?: string } | undefined)?.code === 'ENOENT'
}
