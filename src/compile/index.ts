export { CompiledModule, compile } from './compiled'
export { GraphedTraining } from './cuda-step'
export { explain } from './explain'
export { CompiledStep } from './training'
