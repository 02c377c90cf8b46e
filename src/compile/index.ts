export { CompiledModule, compile } from './compiled'
export { explain } from './explain'
export { CompiledStep } from './training'
