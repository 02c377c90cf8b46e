export { setCollecting } from '../core/collector'
export { collect, emptyCache, type MemoryStats, resetPeakStats, stats } from './memory'
export { tidy } from './tidy'
