import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** Runs `work` while no other process holds the same lock; waits for the one that does, and says so. */
export async function withLock(file, what, say, work) {
  mkdirSync(path.dirname(file), { recursive: true })
  let waiting = false
  while (!takeLock(file)) {
    if (!waiting) say(`Waiting for another process that ${what} (delete ${file} if there is none).`)
    waiting = true
    await sleep(500)
  }
  try {
    return await work()
  } finally {
    rmSync(file, { force: true })
  }
}

function takeLock(file) {
  const mine = `${process.pid} ${os.hostname()}\n`
  try {
    writeFileSync(file, mine, { flag: 'wx' })
    return true
  } catch (error) {
    if (error.code !== 'EEXIST') throw error
  }
  const owner = readOptional(file)
  if (owner !== null && !isAlive(owner)) {
    // Moved aside before it is deleted, so that of two processes that both see a dead owner only one takes its lock away.
    const aside = `${file}.${process.pid}`
    try {
      renameSync(file, aside)
      if (readOptional(aside) !== owner) renameSync(aside, file)
      else rmSync(aside, { force: true })
    } catch (error) {
      if (error.code !== 'ENOENT') throw error
    }
  }
  return false
}

function isAlive(owner) {
  const [pid, host] = owner.trim().split(' ')
  if (host !== os.hostname()) return true
  if (!(Number(pid) > 0)) return false
  try {
    process.kill(Number(pid), 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

function readOptional(file) {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}
