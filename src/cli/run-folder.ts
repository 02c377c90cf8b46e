import { mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DataError } from '../core/errors'

/** Refuses an `--out` that cannot be a folder, before anything is written. */
export function checkRunFolder(out: string | undefined): void {
  if (out === undefined) return
  if (out === '') throw new DataError('--out: expected the name of a folder, got an empty one')
  const there = statSync(out, { throwIfNoEntry: false })
  if (there && !there.isDirectory()) throw new DataError(`--out: expected a folder, but ${out} is a file`)
}

/** Makes the folder of a run: the given one, or a fresh one under `runs/`, named after the time. */
export function makeRunFolder(out: string | undefined, now = new Date()): string {
  if (out !== undefined) {
    mkdirSync(out, { recursive: true })
    return out
  }
  const two = (n: number) => String(n).padStart(2, '0')
  const day = [now.getFullYear(), two(now.getMonth() + 1), two(now.getDate())].join('-')
  const time = [now.getHours(), now.getMinutes(), now.getSeconds()].map(two).join('.')
  mkdirSync('runs', { recursive: true })
  for (let n = 1; ; n++) {
    const folder = join('runs', `${day} ${time}${n === 1 ? '' : ` ${n}`}`.replace(/ /g, '_'))
    try {
      mkdirSync(folder)
      return folder
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
  }
}
