import path from 'node:path'

/** The package's own folder: the benchmarks run compiled, from a folder under `build`, and Python's scripts do not. */
export const root = path.dirname(require.resolve('libtorch-node/package.json'))
