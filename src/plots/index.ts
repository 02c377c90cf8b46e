export type { Picture } from './draw'
export { type Losses, lossPlot } from './loss-plot'
export { type Sample, samplesPicture } from './samples'
