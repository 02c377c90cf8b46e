import { existsSync, readFileSync } from 'node:fs'
import { constants } from 'node:os'
import path from 'node:path'
import bindings from 'bindings'
import { LoadError } from '../core/errors'
import type { Binding } from './binding'

/** What `scripts/build-native.mjs` notes down of the libtorch that it built against. */
interface BuildStamp {
  libtorch: { root: string; build: string; cuda: string | null }
}

/**
 * Loads the addon that lies in `<root>/build`.
 *
 * It throws a `LoadError` (`ERR_LOAD`) that names the missing library, says where libtorch was when the addon was built, and
 * how to mend it.
 *
 * @internal
 */
export function loadBinding(root: string): Binding {
  const file = findBinary(root)
  const module = { exports: {} as Binding }
  // Not `require`: it cannot pass flags. Node exports its own OpenSSL and libuv, and libtorch brings the same names;
  // RTLD_DEEPBIND makes each use its own. RTLD_NOW shows what is missing here and not in the middle of a call.
  // A CUDA libtorch needs no second step: libtorch.so names libtorch_cuda.so, so it loads here, or this fails with its name.
  const flags = constants.dlopen.RTLD_NOW | (constants.dlopen.RTLD_DEEPBIND ?? 0)
  try {
    process.dlopen(module, file, flags)
  } catch (error) {
    throw explain(error as Error, root)
  }
  return module.exports
}

function findBinary(root: string): string {
  // @types/bindings does not know `path`.
  const options: bindings.Options & { path: true } = { bindings: 'libtorch_node', path: true, module_root: root }
  try {
    return bindings(options) as string
  } catch (cause) {
    throw new LoadError(
      message('The native addon has not been built.', {
        found: `no build/Release/libtorch_node.node in ${root}`,
        expected: 'the addon, built on this machine',
        next: [installCommand(root)],
      }),
      { cause },
    )
  }
}

/** Turns what dlopen says into what is wrong and what to type. */
function explain(cause: Error, root: string): LoadError {
  const text = cause.message.split('\n')[0]
  const stamp = readStamp(root)
  const libraries = stamp === null ? 'the libtorch folder' : path.join(stamp.libtorch.root, 'lib')
  const gone = stamp !== null && !existsSync(libraries)
  const built = stamp === null ? 'libtorch' : `libtorch ${stamp.libtorch.build}`
  const command = installCommand(root)
  const missing = /^(?:Error: )?([^\s:]+): cannot open shared object file/.exec(text)?.[1] ?? macMissing(cause.message)

  if (missing && /^lib(cuda|cu|nv|nccl)/.test(missing)) {
    return new LoadError(
      message(`The native addon cannot be loaded: ${missing} is missing, a library of NVIDIA's that ${built} needs.`, {
        found: text,
        expected: `${missing} beside ${libraries} (the nvidia folder of the same site-packages) or on the system's library path`,
        next: [
          `reinstall that torch with its NVIDIA packages, then: ${command}`,
          `LIBTORCH_NODE_VARIANT=cpu ${command}`,
        ],
      }),
      { cause },
    )
  }
  if (missing) {
    const where = gone ? `${libraries}, a folder that is no longer there` : libraries
    return new LoadError(
      message(`The native addon cannot be loaded: ${missing} is missing.`, {
        found: text,
        expected: `${built} where the addon was built against it: ${where}`,
        next: [
          `move libtorch back, or: ${command}`,
          `LIBTORCH=<its new folder> ${command}   if you know where it is now`,
        ],
      }),
      { cause },
    )
  }
  if (/undefined symbol|symbol lookup|version `|Symbol not found/.test(text)) {
    return new LoadError(
      message('The native addon cannot be loaded: it does not fit the libraries that it found.', {
        found: text,
        expected: `the very ${built} that it was built against, in ${libraries}`,
        next: [`${command}   (needed after libtorch was updated in place)`],
      }),
      { cause },
    )
  }
  return new LoadError(
    message('The native addon cannot be loaded.', {
      found: text,
      expected: `an addon built for ${process.platform} ${process.arch}, against ${built} in ${libraries}`,
      next: [`rm -r ${path.join(root, 'build')} && ${command}`],
    }),
    { cause },
  )
}

function macMissing(text: string): string | undefined {
  const library = /Library not loaded: (\S+)/.exec(text)?.[1]
  return library === undefined ? undefined : path.basename(library)
}

function message(problem: string, facts: { found: string; expected: string; next: string[] }): string {
  return [
    problem,
    `  found:    ${facts.found}`,
    `  expected: ${facts.expected}`,
    ...facts.next.map(line => `  next:     ${line}`),
  ].join('\n')
}

/** A checkout builds with npm's script; who installed the package has its command. */
function installCommand(root: string): string {
  return root.split(path.sep).includes('node_modules') ? 'npx libtorch-node install' : 'npm run build:native'
}

function readStamp(root: string): BuildStamp | null {
  try {
    const stamp = JSON.parse(readFileSync(path.join(root, 'build', 'stamp.json'), 'utf8')) as BuildStamp
    return typeof stamp.libtorch?.root === 'string' ? stamp : null
  } catch {
    return null
  }
}
