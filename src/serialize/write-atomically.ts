import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  closeSync,
  fsyncSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'

const MOST_AT_ONCE = 1 << 30 // Linux writes at most 2 GB in one call

/**
 * Writes a file from pieces so that its name always means a whole file: into a new one beside it, onto the disk, then
 * renamed. A failure, also of the pieces themselves, removes the new file and leaves an older one as it was.
 */
export function writeAtomically(path: string, pieces: () => Iterable<Uint8Array>): void {
  const target = realPath(path)
  const unfinished = join(dirname(target), `.${basename(target)}.${freshToken()}.unfinished`)
  const file = openSync(unfinished, 'wx')
  try {
    try {
      for (const piece of pieces()) writeAll(file, piece)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    const mode = modeOf(target)
    if (mode !== undefined) chmodSync(unfinished, mode)
    renameSync(unfinished, target)
  } catch (error) {
    rmSync(unfinished, { force: true })
    throw error
  }
}

/** What tells an unfinished file from those of others, also of other threads and other machines. */
export function freshToken(): string {
  return randomBytes(8).toString('hex')
}

function writeAll(file: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at, Math.min(bytes.length - at, MOST_AT_ONCE))
}

/** Through symbolic links: the file is replaced, not the link to it. */
function realPath(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}

function modeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.mode
}
