import { readFileSync } from 'node:fs'
import { execa } from 'execa'

/** The CUDA variants that PyTorch has published for libtorch 2.9 and newer, newest first. */
export const CUDA_VARIANTS = ['cu132', 'cu130', 'cu129', 'cu128', 'cu126']

/** The first driver branch of each CUDA version, for machines where nvidia-smi is not on the PATH. */
const DRIVER_BRANCHES = [
  [590, [13, 1]],
  [580, [13, 0]],
  [575, [12, 9]],
  [570, [12, 8]],
  [560, [12, 6]],
  [550, [12, 4]],
  [525, [12, 0]],
]

/**
 * The newest CUDA version that the installed NVIDIA driver runs, null where there is none. The driver decides, not the
 * toolkit: a machine without any toolkit runs libtorch's CUDA build, and one with a newer toolkit does not.
 *
 * @returns {Promise<{ cuda: [number, number], source: string } | null>}
 */
export async function findDriver(env) {
  const { failed, stdout, code } = await execa('nvidia-smi', [], {
    env,
    extendEnv: false,
    reject: false,
    timeout: 20_000,
  })
  const reported = failed ? null : /CUDA (?:UMD )?Version:\s*(\d+)\.(\d+)/.exec(stdout)
  if (reported) return { cuda: [Number(reported[1]), Number(reported[2])], source: 'nvidia-smi' }
  // It is there and cannot reach the driver: then libtorch cannot either.
  if (failed && code !== 'ENOENT') return null
  try {
    const branch = Number(/(\d+)\.\d+/.exec(readFileSync('/proc/driver/nvidia/version', 'utf8'))?.[1])
    const known = DRIVER_BRANCHES.find(([first]) => branch >= first)
    return known ? { cuda: known[1], source: `driver ${branch}` } : null
  } catch {
    return null
  }
}

/**
 * The variants to try for a driver, best first: the newest that the driver itself reports; then those of the same major
 * version, which CUDA's minor version compatibility lets run. Without a driver: none.
 */
export function variantsFor(driver) {
  if (!driver) return []
  const [major, minor] = driver.cuda
  const parse = variant => [Number(variant.slice(2, 4)), Number(variant.slice(4))]
  const allowed = CUDA_VARIANTS.filter(variant => {
    const [a, b] = parse(variant)
    return a < major || (a === major && b <= minor)
  })
  const compatible = CUDA_VARIANTS.filter(
    variant => parse(variant)[0] === major && !allowed.includes(variant),
  ).reverse()
  return [...allowed, ...compatible]
}
