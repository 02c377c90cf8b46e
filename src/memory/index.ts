export { setCollecting } from '../core/collector'
export { collect, emptyCache, type MemoryStats, stats } from './memory'
export { tidy } from './tidy'
