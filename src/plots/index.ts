export { type Losses, lossPlot, type Picture } from './loss-plot'
export { type Sample, samplesPicture } from './samples'
