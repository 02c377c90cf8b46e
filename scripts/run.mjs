import { createRequire } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'

const require = createRequire(import.meta.url)

/** The package's own folder. */
export const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))

/** ts-node for everything that runs from sources; types are checked once, by `npm test`, not at every start. */
export const TS_NODE = ['--require', require.resolve('ts-node/register/transpile-only')]

/**
 * Runs Node on this terminal, and resolves to its exit code. Ctrl-C reaches the child by the terminal itself: this process
 * only has to stay until the child has kept what it must.
 */
export async function runNode(args, env = {}) {
  const child = execa(process.execPath, args, { cwd: root, stdio: 'inherit', reject: false, env })
  const wait = () => {}
  const forward = () => child.kill('SIGTERM')
  process.on('SIGINT', wait)
  process.on('SIGTERM', forward)
  try {
    const result = await child
    return result.exitCode ?? (result.signal === 'SIGINT' ? 130 : 1)
  } finally {
    process.off('SIGINT', wait)
    process.off('SIGTERM', forward)
  }
}

/** Runs a script of this folder, or a tool; ends this process with its exit code where it fails. */
export async function step(args) {
  const code = await runNode(args)
  if (code !== 0) process.exit(code)
}

/** The path of a package's file that its `exports` may hide: `bin('typescript', 'bin/tsc')`. */
export function bin(name, file) {
  return path.join(path.dirname(require.resolve(`${name}/package.json`)), file)
}
