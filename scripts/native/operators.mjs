import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { execa } from 'execa'

/**
 * Writes the TypeScript of libtorch's operators, read from the built addon, where this is a checkout (the installed package
 * comes with it) and where anything that it depends on changed since: the addon, the generator, the sources whose own names
 * it leaves alone, or what it wrote.
 */
export async function generateOperators({ root, binary, env }) {
  const script = path.join(root, 'scripts', 'generate-operators.mjs')
  const sources = path.join(root, 'src')
  if (!existsSync(script) || !existsSync(path.join(sources, 'ops'))) return
  const stampFile = path.join(root, 'build', 'operators.stamp')
  const stamp = () => {
    const hash = createHash('sha256')
      .update(String(statSync(binary).mtimeMs))
      .update(readFileSync(script))
    const parts = path.join(root, 'scripts', 'operators')
    for (const file of readdirSync(parts).sort())
      hash.update(`\0${file}\0`).update(readFileSync(path.join(parts, file)))
    const files = readdirSync(sources, { recursive: true }).filter(file => file.endsWith('.ts'))
    for (const file of files.sort()) hash.update(`\0${file}\0`).update(readFileSync(path.join(sources, file)))
    return hash.digest('hex')
  }
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp()) return
  await execa(process.execPath, [script], {
    cwd: root,
    env,
    extendEnv: false,
    stdio: ['ignore', process.stderr, process.stderr],
  })
  writeFileSync(stampFile, stamp())
}
