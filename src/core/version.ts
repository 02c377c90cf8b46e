import { binding } from '../native/load'

/** Versions: of this package, and of the libtorch that is loaded. */
export const version: { readonly libtorch: string; readonly cpuCapability: string } = {
  get libtorch() {
    return binding.version()
  },
  get cpuCapability() {
    return binding.cpuCapability()
  },
}
