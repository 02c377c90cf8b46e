import type { Slot } from '../native/binding'
import { binding } from '../native/load'

/** One argument of a recorded call: a tensor by its key, a plain value, or undefined for what cannot be told. */
export type RecordedArgument = { tensor: number } | number | boolean | string | readonly number[] | null | undefined

/** What a forward asked for, call by call; see `native/core/recording.h`. */
export interface NativeRecording {
  calls: { operation: string; layer: number; arguments: RecordedArgument[]; results: number[] }[]
  input: number
  output: number
  /** The keys of the tensors that the caller knows. */
  known: number[]
  /** The sizes of each tensor. */
  shapes: number[][]
  /** False where something was asked for that is no call. */
  complete: boolean
}

/** A plan, as `graphDescribe` tells it. Sizes are those of one input: channels, rows, columns; of a row its one size. */
export interface NativePlan {
  kernels: string
  lanes: number
  /** So many inputs are not computed side by side. */
  oneByOne: boolean
  predictBytes: number
  trainBytes: number
  input: number[]
  output: number[]
  blocks: NativeBlock[]
}

export interface NativeBlock {
  kind: string
  /** The names of the stages that became this block. */
  stages: string[]
  norm: boolean
  /** Its name; empty where there is none. */
  activation: string
  /** Whether training writes a slope beside each output. */
  slopes: boolean
  /** Whether it holds a maximum, whose places training remembers. */
  picks: boolean
  input: number[]
  output: number[]
  multiplications: number
  /** Of the convolution's own output, which is never stored. */
  intermediateBytes: number
  /** Whether training stores that output nevertheless, where tiles are kept from pass to pass. */
  stored: boolean
}

/** One stage of a chain: what a layer or an operator does, and the place of its call. Tensors are slots. */
export type Stage = { kind: string; name: string; place: number } & Record<string, unknown>

/** What the addon offers for compiled networks; see `native/graph/`. */
export interface GraphBinding {
  /** The name of the instruction set; throws where `LIBTORCH_NODE_KERNELS` names one that is not there. */
  graphKernels(): string
  graphRecordBegin(): void
  graphRecordEnd(x: Slot | null, out: Slot | null, known: readonly Slot[]): NativeRecording | null
  /** `gpu`: where the tensors are; null for the CPU. */
  graphCreate(stages: readonly Stage[], shape: readonly number[], owner: object, gpu: number | null): number
  /** The result belongs to `result`; -1 where `x` is not what the plan is for. */
  graphPredict(id: number, x: Slot, result: object, count: number): Slot
  /** Makes a network one to train. */
  graphTrainer(id: number, crossEntropy: boolean, mean: boolean, ignoreIndex: number): void
  /** The losses, float64; see `native/graph/training.cc`. */
  graphTrainSteps(
    id: number,
    optimizer: number | null,
    x: Slot,
    y: Slot,
    order: Slot | null,
    batch: number,
    valX: Slot | null,
    valY: Slot | null,
    learn: boolean,
    result: object,
  ): Slot
  /** `kept` is 1 where what a pass makes of so many images stays for the next one. */
  graphTrainCost(
    id: number,
    images: number,
  ): [statistics: number, thereAndBack: number, further: number, bytes: number, kept: number] | null
  graphDescribe(id: number, count: number): NativePlan
  /** Why there are no fused kernels for GPUs, or null; see `native/graph/cuda_predict.cc` for these. */
  cudaFusedMissing(): string | null
  /** Whether float32 convolutions were allowed to round their inputs to TF32 until now. */
  cudaTf32Convolutions(allow: boolean): boolean
  graphCudaConvolutions(id: number): number
  graphCudaSteps(id: number, direct: number): string[]
  graphCudaPredict(id: number, x: Slot, direct: number, result: object): Slot
  /** Whether kernels train a convolution and the batch norm behind it; see `native/graph/cuda_train_block.cc` for these. */
  graphCudaTrains(convolution: Stage, norm: Stage): boolean
  graphCudaTrainBlock(convolution: Stage, norm: Stage, x: Slot, result: object): Slot
  cudaRandomState(device: number, result: object): Slot
  cudaSetRandomState(device: number, state: Slot): void
}

export const graph = binding as unknown as GraphBinding
