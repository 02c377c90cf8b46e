import path from 'node:path'
import { execa } from 'execa'

// find_spec reads no code of torch: importing it takes seconds and may fail for reasons that are not ours.
const FIND_TORCH = `
import importlib.util
spec = importlib.util.find_spec("torch")
print(spec.submodule_search_locations[0] if spec and spec.submodule_search_locations else "")
`

/** The Pythons to ask, in order: the active virtual environment's, then those of the PATH. */
export function pythons(env) {
  const active = env.VIRTUAL_ENV ? [path.join(env.VIRTUAL_ENV, 'bin', 'python')] : []
  return [...active, 'python3', 'python']
}

/**
 * The `torch` folder of the first Python that has one.
 *
 * @returns {Promise<{ folder: string, python: string } | null>}
 */
export async function findPythonTorch(env) {
  for (const python of pythons(env)) {
    const { failed, stdout } = await run(python, ['-c', FIND_TORCH], env)
    if (!failed && stdout.trim() !== '') return { folder: stdout.trim(), python }
  }
  return null
}

/** The first Python whose pip answers, or null. */
export async function findPip(env) {
  for (const python of pythons(env)) {
    const { failed } = await run(python, ['-m', 'pip', '--version'], env)
    if (!failed) return python
  }
  return null
}

function run(python, args, env) {
  // From a neutral folder: Python puts the current one on its search path, and a folder called torch there is no torch.
  return execa(python, args, { env, extendEnv: false, reject: false, cwd: path.parse(process.cwd()).root })
}
