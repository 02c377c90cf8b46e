import { performance } from 'node:perf_hooks'
import { benchmark } from '../benchmark'

export default benchmark({
  name: 'load',
  title: 'Loading the package',
  short: 'Load',
  about: `The time of \`require('libtorch-node')\` and of \`import torch\`, each in a fresh process, which does nothing else; the peak memory
is what the process then has. The files are in the system's cache after the first round.`,
  memory: true,
  cases: () => [{ name: 'load', args: {} }],
  here() {
    const start = performance.now()
    require('../../../src')
    return [(performance.now() - start) / 1000]
  },
  python: 'load.py',
})
