/** What `summary` notes down of each layer, by hooks, as torchinfo does. */
import { itemSize } from '../core/dtype'
import { product } from '../core/sizes'
import { isTensor } from '../tensor/tensor'
import { addHook } from './hooks'
import type { Module } from './module'
import { ownChildren } from './module-tree'

const sum = (numbers: readonly number[]) => numbers.reduce((all, one) => all + one, 0)

/** One call of a layer, or a container that holds some. */
export class LayerInfo {
  readonly className: string
  readonly isLeaf: boolean
  readonly kernelSize: number | readonly number[] | null
  /** Which one it is of its depth, from 1; set at the end. */
  depthIndex = 0
  /** Set at the end: all that lies below. */
  below: readonly LayerInfo[] = []
  /** True where the same module has its row already. */
  isRecursive = false
  executed = false
  inputSize: readonly number[] = []
  outputSize: readonly number[] = []
  numParams = 0
  trainableParams = 0
  paramBytes = 0
  outputBytes = 0
  macs = 0
  /** A layer's own parameters, for the verbose table. */
  parameters: { name: string; kernel: readonly number[]; count: number }[] = []

  constructor(
    readonly varName: string,
    readonly module: Module,
    readonly depth: number,
    readonly parent: LayerInfo | null,
  ) {
    this.className = module.constructor.name
    this.isLeaf = ownChildren(module).next().done === true
    const { kernelSize } = module as { kernelSize?: unknown }
    const sizes = Array.isArray(kernelSize) || typeof kernelSize === 'number'
    this.kernelSize = sizes ? (kernelSize as number | readonly number[]) : null
  }

  countParameters(): void {
    this.parameters = []
    for (const [name, parameter] of this.module.namedParameters()) {
      const count = parameter.numel()
      this.paramBytes += itemSize(parameter.dtype) * count
      this.numParams += count
      if (parameter.requiresGrad) this.trainableParams += count
      const kernel: number[] = [...parameter.shape]
      if (name === 'weight' && kernel.length > 1) kernel.splice(0, 2, kernel[1]!, kernel[0]!)
      if (this.parent !== null || !name.includes('.')) this.parameters.push({ name, kernel, count })
    }
  }

  seen(inputs: unknown, output: unknown, batchDim: number | null): void {
    this.inputSize = sizeOf(inputs, batchDim).size
    const { size, elementBytes } = sizeOf(output, batchDim)
    this.outputSize = size
    this.outputBytes = elementBytes * product(size)
    this.executed = true
    this.#countMacs()
  }

  /** Multiply-adds of the whole batch. */
  #countMacs(): void {
    const size = this.outputSize
    for (const [name, parameter] of this.module.namedParameters()) {
      const count = parameter.numel()
      if (name === 'weight' || name === 'bias') {
        const places = this.className.includes('Conv')
          ? product([...size.slice(0, 1), ...size.slice(2)])
          : (size[0] ?? 1)
        this.macs += places * count
      } else if (name.includes('weight') || name.includes('bias')) {
        this.macs += product(size.slice(0, 2)) * count
      }
    }
  }

  get trainable(): string {
    if (this.numParams === 0) return '--'
    if (this.trainableParams === 0) return 'False'
    return this.numParams === this.trainableParams ? 'True' : 'Partial'
  }

  #leftover(of: (info: LayerInfo) => number): number {
    const counted = this.below.filter(info => !info.isRecursive)
    return of(this) - sum(counted.map(info => (info.isLeaf ? of(info) : info.#leftover(of))))
  }

  /** Parameters that no layer below has. */
  get leftoverParams(): number {
    return this.#leftover(info => info.numParams)
  }

  get leftoverTrainableParams(): number {
    return this.#leftover(info => info.trainableParams)
  }

  /** The parameters that the row stands for. */
  shownParams(reachedMaxDepth: boolean): number {
    return reachedMaxDepth || this.isLeaf ? this.numParams : this.leftoverParams
  }

  /** The multiply-adds that the row stands for; null where there are none, or rows below say them. */
  shownMacs(reachedMaxDepth: boolean): number | null {
    if (this.macs <= 0) return null
    if (this.isLeaf) return this.macs
    return reachedMaxDepth ? sum(this.below.map(info => (info.isLeaf ? info.macs : 0))) : null
  }
}

/** The size of the first tensor in a value, and the bytes of an element. */
function sizeOf(value: unknown, batchDim: number | null): { size: readonly number[]; elementBytes: number } {
  const found = firstTensor(value)
  if (found === undefined) return { size: [], elementBytes: 0 }
  const size = [...found.shape] as number[]
  if (batchDim !== null && !isTensor(value) && batchDim < size.length) size[batchDim] = 1
  return { size, elementBytes: itemSize(found.dtype) }
}

function firstTensor(value: unknown) {
  let inner = value
  while (inner !== null && typeof inner === 'object' && !isTensor(inner)) {
    const { data } = inner as { data?: unknown } // a packed sequence
    // of an object the last value, of a list the first
    inner = Array.isArray(inner) ? inner[0] : isTensor(data) ? data : Object.values(inner).at(-1)
  }
  return isTensor(inner) ? inner : undefined
}

/** Notes down each layer of a model as it is called; `stop` takes the hooks away. */
export class Recorder {
  readonly layers: LayerInfo[] = []
  readonly #ids = new Set<Module>()
  readonly #removes = new Map<Module, () => void>()

  constructor(
    model: Module,
    readonly runs: boolean,
    readonly batchDim: number | null,
  ) {
    this.#watch(model.constructor.name, model, 0, null)
  }

  #watch(varName: string, module: Module, depth: number, parent: LayerInfo | null): void {
    const holder = new LayerInfo(varName, module, depth, parent)
    const current = { info: holder }
    const begin = () => {
      current.info = new LayerInfo(varName, module, depth, parent)
      this.#add(current.info)
    }
    if (this.runs) {
      this.#removes.get(module)?.() // a module with two names has the last one
      const before = addHook(module, 'forwardPre', begin)
      const after = addHook(module, 'forward', (_: Module, inputs: unknown, output: unknown) => {
        current.info.seen(inputs, output, this.batchDim)
      })
      this.#removes.set(module, () => {
        before.remove()
        after.remove()
      })
    } else {
      begin()
    }
    for (const [name, child] of ownChildren(module)) this.#watch(name, child, depth + 1, holder)
  }

  #add(info: LayerInfo): void {
    info.countParameters()
    info.isRecursive = this.#ids.has(info.module)
    this.layers.push(info)
    this.#ids.add(info.module)
  }

  stop(): void {
    for (const remove of this.#removes.values()) remove()
    this.#removes.clear()
  }

  /** All rows in order, with the containers that nobody called. */
  finish(): readonly LayerInfo[] {
    const rows = this.runs ? withContainers(this.layers) : this.layers
    const counts = new Map<number, number>()
    rows.forEach((info, i) => {
      info.depthIndex = (counts.get(info.depth) ?? 0) + 1
      counts.set(info.depth, info.depthIndex)
      const end = rows.findIndex((other, k) => k > i && other.depth <= info.depth)
      info.below = rows.slice(i + 1, end === -1 ? undefined : end)
    })
    return rows
  }
}

/** Puts each container whose `forward` was not called before the first of its layers. */
function withContainers(layers: readonly LayerInfo[]): LayerInfo[] {
  const seen = new Set(layers.map(info => info.module))
  const rows: LayerInfo[] = []
  let open: LayerInfo[] = [] // by depth
  for (const info of layers) {
    const above: LayerInfo[] = []
    for (let parent = info.parent; parent !== null && parent.depth > 0; parent = parent.parent)
      above[parent.depth] = parent
    for (let depth = 1; depth < info.depth; depth++) {
      const container = above[depth]!
      if (open[depth]?.module === container.module || container === rows.at(-1)) continue
      container.countParameters()
      container.isRecursive = seen.has(container.module)
      rows.push(container)
      seen.add(container.module)
      open[depth] = container
    }
    open[info.depth] = info
    open = open.slice(0, info.depth + 1)
    rows.push(info)
  }
  return rows
}
