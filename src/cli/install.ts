import { join } from 'node:path'

/** `libtorch-node install`: the package's own `build:native`, whose exit code becomes ours. */
export async function install(): Promise<void> {
  const { execa } = await import('execa')
  const root = join(__dirname, '..', '..')
  const { exitCode = 1 } = await execa(process.execPath, [join(root, 'scripts', 'build-native.mjs')], {
    cwd: root,
    stdio: 'inherit',
    reject: false,
  })
  process.exitCode = exitCode
}
