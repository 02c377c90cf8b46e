import path from 'node:path'
import type { Binding } from './binding'
import { loadBinding } from './load-binding'

/**
 * The addon of this package, whose folder is two above `src/native` and `dist/native` alike. Loaded once per thread:
 * `worker_threads` have module caches of their own, and the addon keeps its state by environment.
 */
export const binding: Binding = loadBinding(path.join(__dirname, '..', '..'))
