import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { InstallError } from '../install-error.mjs'

/**
 * The SHA-256 that a file should have, and who says so: LIBTORCH_NODE_SHA256, else a `.sha256` beside it. Null where it
 * cannot be learnt: PyTorch publishes none beside its archives.
 */
export async function learnChecksum(url, env) {
  if (env.LIBTORCH_NODE_SHA256)
    return { sha256: parseChecksum(env.LIBTORCH_NODE_SHA256), source: 'LIBTORCH_NODE_SHA256' }
  try {
    const response = await fetch(`${url}.sha256`, { signal: AbortSignal.timeout(20_000) })
    const sha256 = response.ok ? /\b[0-9a-f]{64}\b/i.exec(await response.text())?.[0].toLowerCase() : undefined
    return sha256 ? { sha256, source: `${url}.sha256` } : null
  } catch {
    return null
  }
}

function parseChecksum(text) {
  if (/^[0-9a-f]{64}$/i.test(text.trim())) return text.trim().toLowerCase()
  throw new InstallError({
    problem: 'LIBTORCH_NODE_SHA256 is not a SHA-256.',
    found: `'${text}'`,
    expected: '64 hexadecimal digits',
    next: 'sha256sum <archive>   prints it',
  })
}

/** Throws where the file is not what its checksum says; says what is trusted instead where there is no checksum. */
export async function verifyArchive(file, url, checksum, say) {
  if (checksum === null) {
    const { protocol, host } = new URL(url)
    const channel =
      protocol === 'https:' ? `the encrypted connection to ${host}` : `${host}, over a connection that is not encrypted`
    say(`No checksum is published beside ${url}; trusted are ${channel} and the CRC of each file in the archive.`)
    return
  }
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  const sha256 = hash.digest('hex')
  if (sha256 === checksum.sha256) {
    say(`Checksum right (SHA-256 ${sha256.slice(0, 12)}..., from ${checksum.source}).`)
    return
  }
  throw new InstallError({
    problem: 'The checksum of the download is wrong; it was deleted.',
    found: `SHA-256 ${sha256} of ${url}`,
    expected: `${checksum.sha256}, from ${checksum.source}`,
    next: [
      'the same command once more',
      'if it stays wrong: ask who keeps that address, or name another one in LIBTORCH_NODE_MIRROR',
    ],
  })
}

/** The hashes of a wheel's own RECORD: `path -> sha256 in base64url`. */
export function parseRecord(text) {
  const record = new Map()
  for (const line of text.split(/\r?\n/)) {
    const match = /^"?(.+?)"?,sha256=([\w-]+),\d*$/.exec(line)
    if (match) record.set(match[1], match[2])
  }
  return record
}
