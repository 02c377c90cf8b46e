// Preloaded, before libtorch looks for its CUDA, and global, for the addon looks its graphs up by name: `node --require test/stand-in/load.cjs ...`
const { dlopen } = require('node:os').constants

const module_ = { exports: {} }
process.dlopen(
  module_,
  process.env.LIBTORCH_NODE_TEST_STAND_IN,
  dlopen.RTLD_NOW | dlopen.RTLD_GLOBAL | (dlopen.RTLD_DEEPBIND ?? 0),
)
globalThis.cudaStandIn = module_.exports
