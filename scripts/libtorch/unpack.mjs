import { createHash } from 'node:crypto'
import { createWriteStream, mkdirSync, symlinkSync } from 'node:fs'
import path from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { crc32 } from 'node:zlib'
import yauzl from 'yauzl'
import { InstallError } from '../install-error.mjs'
import { startProgress } from '../progress.mjs'
import { explainDisk, requireSpace } from './cache.mjs'

const TYPE_MASK = 0o170000
const SYMLINK = 0o120000
const REGULAR = 0o100000

/**
 * Unpacks a zip archive (a wheel is one) as a stream, never outside `folder`: names with `..`, absolute ones and links that
 * lead out are refused.
 *
 * @param {(name: string) => boolean} wanted which entries to unpack
 * @param {Map<string, string>} [record] SHA-256 in base64url by name; an entry that it lists must have that hash
 */
export async function unpack(archive, folder, { wanted = () => true, record = new Map() } = {}) {
  try {
    const entries = await list(archive, wanted)
    const total = entries.reduce((sum, entry) => sum + entry.uncompressedSize, 0)
    requireSpace(folder, total, `what ${path.basename(archive)} unpacks to`)
    const progress = startProgress(`Unpacking ${path.basename(archive).replace(/\.part$/, '')}`, total)
    const zip = await yauzl.openPromise(archive, { autoClose: false })
    try {
      for (const entry of entries) await unpackEntry(zip, entry, folder, record.get(entry.fileName), progress)
    } finally {
      progress.stop()
      zip.close()
    }
  } catch (error) {
    const explained = explainDisk(error, folder)
    throw explained instanceof InstallError ? explained : broken(archive, explained)
  }
}

/** The text of the first entry whose name matches; null where none does. */
export async function readEntry(archive, pattern) {
  try {
    const [entry] = await list(archive, name => pattern.test(name))
    if (!entry) return null
    const zip = await yauzl.openPromise(archive, { autoClose: false })
    try {
      const chunks = []
      for await (const chunk of await zip.openReadStreamPromise(entry)) chunks.push(chunk)
      return Buffer.concat(chunks).toString('utf8')
    } finally {
      zip.close()
    }
  } catch (error) {
    throw broken(archive, error)
  }
}

/** yauzl refuses absolute names, drive letters, backslashes and `..` while it lists. */
async function list(archive, wanted) {
  const zip = await yauzl.openPromise(archive)
  const entries = []
  for await (const entry of zip.eachEntry()) {
    if (!entry.fileName.endsWith('/') && wanted(entry.fileName)) entries.push(entry)
  }
  return entries
}

async function unpackEntry(zip, entry, folder, sha256, progress) {
  const target = inside(folder, entry.fileName)
  mkdirSync(path.dirname(target), { recursive: true })
  const mode = entry.externalFileAttributes >>> 16
  const type = mode & TYPE_MASK
  const source = await zip.openReadStreamPromise(entry)
  if (type === SYMLINK) {
    const chunks = []
    for await (const chunk of source) chunks.push(chunk)
    const destination = Buffer.concat(chunks).toString('utf8')
    inside(folder, path.relative(folder, path.resolve(path.dirname(target), destination)))
    symlinkSync(destination, target)
    return
  }
  if (type !== 0 && type !== REGULAR) throw new Error(`${entry.fileName} is neither a file nor a link`)
  const hash = sha256 === undefined ? null : createHash('sha256')
  let crc = 0
  const check = new Transform({
    transform(chunk, _encoding, done) {
      crc = crc32(chunk, crc)
      hash?.update(chunk)
      progress.advance(chunk.length)
      done(null, chunk)
    },
  })
  // 'wx': no entry replaces another one, or writes through a link that an earlier one made.
  await pipeline(source, check, createWriteStream(target, { flags: 'wx', mode: mode & 0o111 ? 0o755 : 0o644 }))
  if (crc !== entry.crc32) throw new Error(`${entry.fileName} has a wrong CRC`)
  if (hash && hash.digest('base64url') !== sha256)
    throw new Error(`${entry.fileName} is not what the wheel's RECORD says`)
}

function inside(folder, name) {
  const target = path.resolve(folder, name)
  if (target !== folder && !target.startsWith(folder + path.sep)) throw new Error(`${name} leads out of the archive`)
  return target
}

function broken(archive, cause) {
  return new InstallError({
    problem: 'The archive is broken.',
    found: `${cause.message} (${path.basename(archive).replace(/\.part$/, '')})`,
    expected: 'a zip archive with libtorch inside',
    next: 'the same command once more; it fetches the archive anew',
    cause,
  })
}
