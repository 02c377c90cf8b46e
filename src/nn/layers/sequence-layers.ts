/** Activations, losses, embeddings, recurrent layers and attention. */
export type { InplaceOptions } from './activation'
export * from './class-losses'
export * from './distance-losses'
export * from './elementwise-losses'
export * from './gates'
export type { LossOptions } from './loss'
export * from './rectifiers'
export * from './squashing'
