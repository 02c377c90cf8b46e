import { binding } from '../native/load'
import { check, is } from './options'

/** The number of threads that operators on the CPU use. Mirrors `torch.get_num_threads`. */
export function getNumThreads(): number {
  return binding.getNumThreads()
}

/** Sets the number of threads that operators called from this thread use, at least 1. Mirrors `torch.set_num_threads`. */
export function setNumThreads(count: number): void {
  check('setNumThreads', 'count', count, is.positive)
  binding.setNumThreads(count)
}
