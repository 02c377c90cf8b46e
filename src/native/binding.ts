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

/** A native function of one overload, with arguments that may be left out at the end; see `native/dispatch/operator.h`. */
export interface OperatorFunction {
  call: (...encoded: unknown[]) => unknown
  /** The result goes into the object that the caller gives as the last argument. */
  oneFreshTensor: boolean
  /** For each result the index of the argument that it is, or -1. */
  aliases: number[]
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
  /** The same memory without a graph; does not wait for what is queued on it. */
  tensorDetach(slot: Slot): Slot
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
  operatorFunction(name: string, overload: string, numberMask: number, boxed?: boolean): OperatorFunction

  /** `[name, overload, numberMask]` of each overload that is called without boxing. */
  directRows(): [name: string, overload: string, numberMask: number][]

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

  /** Mixed precision on one kind of device until the matching `autocastClose`. */
  autocastOpen(cuda: boolean, dtype: number, enabled: boolean, cache: boolean): void
  autocastClose(): void
  autocastMode(cuda: boolean): [enabled: boolean, dtype: number]
  isAutocastCacheEnabled(): boolean

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

  /** Queues the writing of a file for the open job; see `native/serialize/`. */
  fileWrite(
    owner: object,
    path: string,
    token: string,
    header: Uint8Array,
    slots: readonly Slot[],
    lengths: readonly number[],
  ): number
  /** A file of tensors that follow each other from byte `start`. */
  fileRead(
    owner: object,
    descriptor: number,
    start: number,
    device: string,
    dtypes: readonly number[],
    ranks: readonly number[],
    sizes: readonly number[],
    lengths: readonly number[],
  ): number
  /** Queues the next piece for the open job; false where it was the last. */
  fileReadNext(id: number): boolean
  /** What was read, once all is done. */
  fileTensors(id: number): Slot[]
  fileBytes(id: number): number
  /** False where the file has its name already. */
  fileAbandon(id: number): boolean
  /** Queues the end of the file, for another job than that of its pieces. */
  fileEnd(id: number): void
  /** What the system refused; without `errno`, the file was too short. */
  fileFailure(id: number): [errno: number, call: string, path: string, target: string] | null

  releaseAll(): void
  resetPressure(): void
  setPressureBytes(bytes: number): void
  memoryStats(): {
    tensors: number
    bytes: number
    queued: number
    allocated: number
    maxAllocated: number
    reserved: number
    maxReserved: number
    hits: number
    misses: number
  }
  resetPeakStats(): void
  emptyCache(): void

  cudaIsBuilt(): boolean
  cudaDeviceCount(): number
  cudaCurrentDevice(): number
  cudaSynchronize(device: number | null): void
  cudaDeviceProperties(device: number | null): {
    name: string
    major: number
    minor: number
    totalMemory: number
    multiProcessorCount: number
    maxThreadsPerMultiProcessor: number
    warpSize: number
    L2CacheSize: number
  }
  cudaMemoryStats(device: number | null): Record<string, number>
  cudaResetPeakStats(device: number | null): void
  cudaMemGetInfo(device: number | null): [free: number, total: number]
  cudaEmptyCache(): void
  /** Streams and events are named by an id for as long as their `owner` lives. */
  cudaStreamCreate(owner: object, device: number | null, priority: number): number
  cudaStreamCurrent(owner: object, device: number | null): number
  cudaStreamDefault(owner: object, device: number | null): number
  cudaStreamDevice(stream: number): number
  cudaStreamId(stream: number): number
  cudaStreamQuery(stream: number): boolean
  cudaStreamSynchronize(stream: number): void
  cudaStreamOpen(stream: number): void
  cudaStreamClose(): void
  cudaRecordStream(slot: Slot, stream: number): void
  cudaEventCreate(owner: object, enableTiming: boolean): number
  cudaEventRecord(event: number, stream: number): void
  cudaEventWait(event: number, stream: number): void
  cudaEventQuery(event: number): boolean
  cudaEventSynchronize(event: number): void
  cudaEventElapsedTime(start: number, end: number): number
  /** Graphs are named as streams are; see `native/cuda/graphs.cc`. */
  cudaGraphCreate(owner: object, keepGraph: boolean): number
  /** The function that this libtorch lacks for graphs, or null; answers without a GPU. */
  cudaGraphMissing(): string | null
  /** Of a graph; of -1 a new one. */
  cudaGraphPool(graph: number): [number, number]
  cudaGraphPrepare(): void
  cudaGraphBegin(graph: number, pool: readonly number[] | null, mode: number, strict: boolean): void
  cudaGraphEnd(graph: number, abandon: boolean): void
  cudaGraphInstantiate(graph: number): void
  cudaGraphReplay(graph: number): void
  cudaGraphReset(graph: number): void
  cudaGraphHolds(graph: number): boolean
  cudaStreamIsCapturing(): boolean
}
