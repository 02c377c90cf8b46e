/** A slot of the native tensor table; `Handle` wraps it. */
export type Slot = number

/** One argument or result of a schema, as `operatorSchema` tells it. */
export interface SchemaValue {
  name: string
  /** `Tensor`, `int[]`, `Scalar?`, `ScalarType`, ...; libtorch's own text where `supported` is false. */
  kind: string
  supported: boolean
  /** Of a list of fixed size, which takes one value for all: `int[2]`. */
  size: number
  keywordOnly: boolean
  optional: boolean
  /** The default as libtorch prints it. */
  default?: string
  writes: boolean
}

/** A schema, as `operatorSchema` tells it. */
export interface Schema {
  text: string
  arguments: SchemaValue[]
  returns: SchemaValue[]
}

/** A native function of one overload; see `native/dispatch/operator.h`. */
export interface OperatorFunction {
  call: (...encoded: unknown[]) => unknown
  /** The result goes into the object that the caller gives as the last argument. */
  oneFreshTensor: boolean
  /** For each result the index of the argument that it is, or -1. */
  aliases: number[]
}

/** Bytes on one CUDA device. */
export interface CudaMemoryStats {
  allocated: number
  maxAllocated: number
  reserved: number
  maxReserved: number
}

/** What the addon offers. Tensors cross as slots, dtypes as codes; only `src/` rooms call it. */
export interface Binding {
  readonly scratch: Float64Array
  readonly flags: Int32Array
  setHooks(makeError: (...args: never[]) => Error, collect: () => void): void
  version(): string
  cpuCapability(): string
  showConfig(): string
  getNumThreads(): number
  setNumThreads(count: number): void

  tensorShape(slot: Slot): number[]
  tensorStride(slot: Slot): number[]
  tensorNdim(slot: Slot): number
  tensorNumel(slot: Slot): number
  tensorDtype(slot: Slot): number
  tensorDevice(slot: Slot): string
  tensorLayout(slot: Slot): string
  tensorIsContiguous(slot: Slot): boolean
  tensorStorageOffset(slot: Slot): number
  tensorDataAddress(slot: Slot): number
  tensorVersion(slot: Slot): number
  tensorIsSame(a: Slot, b: Slot): boolean
  tensorRequiresGrad(slot: Slot): boolean
  tensorSetRequiresGrad(slot: Slot, value: boolean): void
  tensorIsLeaf(slot: Slot): boolean
  tensorGradFn(slot: Slot): string | null
  tensorGrad(slot: Slot): Slot | null
  tensorSetGrad(slot: Slot, grad: Slot | null): void
  tensorRetainGrad(slot: Slot): void
  tensorSetData(slot: Slot, source: Slot): void
  tensorAttach(object: object, slot: Slot): void
  tensorDuplicate(slot: Slot): Slot
  tensorDrop(slot: Slot): void
  tensorDropMany(slots: Int32Array, count: number): void
  setScope(open: boolean): void
  tensorItem(slot: Slot, bigint: boolean): number | boolean | bigint | { re: number; im: number }
  tensorBytes(slot: Slot): ArrayBuffer
  tensorFromBuffer(
    buffer: ArrayBuffer | ArrayBufferView,
    dtype: number,
    sizes: readonly number[],
    byteOffset: number,
    share: boolean,
  ): Slot

  generatorCreate(device: string): number
  generatorDefault(device: string): number
  generatorDrop(id: number): void
  generatorSetSeed(id: number, seed: number | bigint): void
  generatorSeed(id: number): bigint
  generatorInitialSeed(id: number): bigint
  generatorDevice(id: number): string
  generatorState(id: number): Slot
  generatorSetState(id: number, state: Slot): void
  manualSeed(seed: number | bigint): void

  operatorNames(): string[]
  operatorSchema(name: string, overload: string): Schema
  operatorFunction(name: string, overload: string, numberMask: number): OperatorFunction

  /** `count` sizes wait in `scratch`; the result goes into the last argument. */
  directView(slot: Slot, count: number, result: object): Slot
  directReshape(slot: Slot, count: number, result: object): Slot
  directEmpty(count: number, result: object): Slot

  tensorRegisterHook(slot: Slot, hook: (gradients: [Slot]) => [Slot] | undefined): number
  gradientHookRemove(id: number): void
  /** The same tensors; their gradients come to the function, all at once. */
  gradientCheckpoint(slots: Slot[], hook: (gradients: (Slot | null)[]) => (Slot | null)[] | undefined): Slot[]
  backward(
    tensors: Slot[],
    gradients: (Slot | null)[] | null,
    retainGraph: boolean | null,
    createGraph: boolean,
    inputs: Slot[] | null,
  ): void
  grad(
    outputs: Slot[],
    inputs: Slot[],
    gradients: (Slot | null)[] | null,
    retainGraph: boolean | null,
    createGraph: boolean,
    allowUnused: boolean,
  ): (Slot | null)[]
  isGradEnabled(): boolean
  setGradEnabled(enabled: boolean): boolean
  isInferenceModeEnabled(): boolean
  openInferenceMode(enabled: boolean): void
  closeInferenceMode(): void

  /** A job that lives as long as `owner`; see `native/core/queue.h`. */
  jobCreate(owner: object): number
  /** Until the matching `jobLeave`, operators, layers, backward and optimizers are queued for this job. */
  jobEnter(id: number): void
  jobLeave(): void
  /** The sequence of the job's last task, 0 before the first. */
  jobLast(id: number): number
  /** Calls back from the event loop once this task and all before it are done. */
  jobNotify(sequence: number, callback: () => void): void
  /** Throws what the job's first failed task threw, if one has failed by now. */
  jobCheck(id: number): void
  /** `trace` is called for each task as it is queued. */
  jobTracer(trace: (sequence: number) => void): void

  releaseAll(): void
  resetPressure(): void
  setPressureBytes(bytes: number): void
  memoryStats(): { tensors: number; bytes: number; queued: number }
  emptyCache(): void

  cudaIsBuilt(): boolean
  cudaDeviceCount(): number
  cudaCurrentDevice(): number
  cudaSynchronize(device: number | null): void
  cudaDeviceName(device: number | null): string
  cudaMemoryStats(device: number | null): CudaMemoryStats
  cudaResetPeakStats(device: number | null): void
  cudaEmptyCache(): void
}
