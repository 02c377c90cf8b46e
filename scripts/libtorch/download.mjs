import { createWriteStream, existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { InstallError, reasonOf } from '../install-error.mjs'
import { startProgress } from '../progress.mjs'
import { explainDisk, requireSpace } from './cache.mjs'

const ATTEMPTS = 5
const SILENCE_MS = 60_000

/** The address cannot be reached, or does not have the file; `reason` says which. Another source may still have it. */
export class Unreachable extends Error {
  constructor(url, reason) {
    super(`${url}: ${reason}`)
    this.name = 'Unreachable'
    this.reason = reason
  }
}

/**
 * Fetches `url` into `file`, going on where an earlier attempt, of this process or of another one, was cut: what came lies
 * in `<file>.part`, and what it is a part of (address, ETag or date) in `<file>.part.json`.
 */
export async function download(url, file, { say }) {
  const part = `${file}.part`
  for (let attempt = 1; ; attempt++) {
    const before = sizeOf(part)
    const outcome = await fetchRest(url, part)
    if (outcome.complete) return part
    // A server that gives something each time is worth asking again; one that gives nothing is not.
    if (attempt >= ATTEMPTS || sizeOf(part) <= before) throw cut(url, part, outcome)
    say(`The connection broke (${outcome.reason}); going on from ${sizeOf(part)} bytes.`)
    await sleep(200 * attempt)
  }
}

/** Deletes what `download` keeps beside a file. */
export function forgetDownload(file) {
  for (const name of [`${file}.part`, `${file}.part.json`]) rmSync(name, { force: true })
}

async function fetchRest(url, part) {
  const known = readJson(`${part}.json`)
  const offset = known?.url === url && known.validator ? sizeOf(part) : 0
  if (offset > 0 && offset === known.total) return { complete: true }
  const silence = new AbortController()
  let timer
  const alive = () => {
    clearTimeout(timer)
    timer = setTimeout(() => silence.abort(new Error(`nothing came for ${SILENCE_MS / 1000} s`)), SILENCE_MS)
  }
  alive()
  try {
    const headers = { 'accept-encoding': 'identity' }
    if (offset > 0) Object.assign(headers, { range: `bytes=${offset}-`, 'if-range': known.validator })
    const response = await ask(url, headers, silence.signal)
    const { start, total } = readRange(response, offset)
    writeFileSync(`${part}.json`, JSON.stringify({ url, validator: validatorOf(response), total }))
    if (total !== null) requireSpace(path.dirname(part), total - start, `the download of ${url}`)
    return await receive(response, part, { start, total, label: `Fetching ${url}`, alive })
  } finally {
    clearTimeout(timer)
  }
}

async function ask(url, headers, signal) {
  let response
  try {
    response = await fetch(url, { headers, signal })
  } catch (error) {
    throw new Unreachable(url, reasonOf(error))
  }
  if (response.status === 416) {
    // What lies here is longer than what the server has: not its file. Without a range the whole of it comes.
    await response.body?.cancel()
    return ask(url, { 'accept-encoding': 'identity' }, signal)
  }
  if (!response.ok) {
    await response.body?.cancel()
    throw new Unreachable(url, `HTTP ${response.status} ${response.statusText}`.trim())
  }
  return response
}

/** Where the body that came starts, and how long the whole file is; a server may ignore the range and send everything. */
function readRange(response, offset) {
  const partial = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers.get('content-range') ?? '')
  if (response.status === 206 && partial && Number(partial[1]) === offset) {
    return { start: offset, total: partial[2] === '*' ? null : Number(partial[2]) }
  }
  const length = response.headers.get('content-length')
  return { start: 0, total: length === null ? null : Number(length) }
}

async function receive(response, part, { start, total, label, alive }) {
  const progress = startProgress(label, total, start)
  const meter = new Transform({
    transform(chunk, _encoding, done) {
      alive()
      progress.advance(chunk.length)
      done(null, chunk)
    },
  })
  let reason = 'the connection was closed early'
  let complete = false
  try {
    await pipeline(response.body, meter, createWriteStream(part, { flags: start > 0 ? 'a' : 'w' }))
    complete = total === null || sizeOf(part) === total
  } catch (error) {
    const explained = explainDisk(error, path.dirname(part))
    if (explained instanceof InstallError) throw explained
    reason = reasonOf(error)
  } finally {
    progress.stop()
  }
  return { complete, reason, total }
}

/** A weak ETag promises the meaning, not the bytes: `If-Range` must not carry one. */
function validatorOf(response) {
  const etag = response.headers.get('etag')
  return etag && !etag.startsWith('W/') ? etag : response.headers.get('last-modified')
}

function cut(url, part, { reason, total }) {
  return new InstallError({
    problem: 'The download was cut.',
    found: `${sizeOf(part)} bytes of ${url} (${reason})`,
    expected: total === null || total === undefined ? 'the whole file' : `${total} bytes`,
    next: 'the same command once more: it goes on where this one stopped',
  })
}

function sizeOf(file) {
  return existsSync(file) ? statSync(file).size : 0
}

function readJson(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return null
  }
}
