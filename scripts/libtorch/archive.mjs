import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { download, forgetDownload, Unreachable } from './download.mjs'
import { unpack } from './unpack.mjs'
import { learnChecksum, verifyArchive } from './verify.mjs'

const OFFICIAL = 'https://download.pytorch.org/libtorch'

/** The address of an official archive, or of its copy on a mirror; null where PyTorch publishes none for this machine. */
export function archiveAddress({ version, variant, env, platform = process.platform, arch = process.arch }) {
  const base = (env.LIBTORCH_NODE_MIRROR || OFFICIAL).replace(/\/+$/, '')
  if (platform === 'linux' && arch === 'x64') {
    return `${base}/${variant}/libtorch-shared-with-deps-${version}%2B${variant}.zip`
  }
  if (platform === 'darwin' && arch === 'arm64' && variant === 'cpu')
    return `${base}/cpu/libtorch-macos-arm64-${version}.zip`
  return null
}

/**
 * Fetches, checks and unpacks the official archive into `folder`. Throws `Unreachable` where another source may help.
 */
export async function unpackArchive({ version, variant, env, cache, folder, say }) {
  const url = archiveAddress({ version, variant, env })
  if (url === null)
    throw new Unreachable(
      `libtorch ${version}+${variant}`,
      `no archive is published for ${process.platform} ${process.arch}`,
    )
  const downloads = path.join(cache, 'downloads')
  mkdirSync(downloads, { recursive: true })
  const file = path.join(downloads, path.basename(decodeURIComponent(new URL(url).pathname)))
  const part = await download(url, file, { say })
  try {
    await verifyArchive(part, url, await learnChecksum(url, env), say)
    await unpack(part, folder)
  } finally {
    // Whole and unpacked, or wrong: either way nothing to go on from.
    forgetDownload(file)
  }
}
