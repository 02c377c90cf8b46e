/** The table of `summary`, letter for letter torchinfo's. */
import { inspect } from 'node:util'
import type { LayerInfo } from './summary-layers'

/** The columns that a table may have. */
export type SummaryColumn =
  | 'kernelSize'
  | 'inputSize'
  | 'outputSize'
  | 'numParams'
  | 'paramsPercent'
  | 'multAdds'
  | 'trainable'

/** What a table may show besides: depths and indices, names of fields, letters of ASCII alone, each module once. */
export type SummaryRow = 'depth' | 'varNames' | 'asciiOnly' | 'hideRecursiveLayers'

const TITLES: Readonly<Record<SummaryColumn, string>> = {
  kernelSize: 'Kernel Shape',
  inputSize: 'Input Shape',
  outputSize: 'Output Shape',
  numParams: 'Param #',
  paramsPercent: 'Param %',
  multAdds: 'Mult-Adds',
  trainable: 'Trainable',
}

export const COLUMNS = Object.keys(TITLES) as SummaryColumn[]
export const ROWS: readonly SummaryRow[] = ['depth', 'varNames', 'asciiOnly', 'hideRecursiveLayers']

/** How a table is written. */
export interface TableFormat {
  maxDepth: number
  verbose: number
  columns: readonly SummaryColumn[]
  columnWidth: number
  rows: ReadonlySet<SummaryRow>
}

const ALIGN = 5
const NAME_WIDTH = 40

/** `1,234` */
const grouped = (digits: string) => digits.replace(/\B(?=(\d{3})+(?!\d))/g, ',')
const count = (value: number) => grouped(String(value))
const list = (sizes: readonly number[]) => `[${sizes.join(', ')}]`

function decimal(value: number): string {
  if (Number.isInteger(value)) return count(value)
  const [whole, rest] = value.toFixed(2).split('.')
  return `${grouped(whole!)}.${rest}`
}

function readable(value: number): string {
  if (value >= 1e12) return ` (T): ${decimal(value / 1e12)}`
  if (value >= 1e9) return ` (G): ${decimal(value / 1e9)}`
  return ` (M): ${decimal(value / 1e6)}`
}

/** What `summary` found out: totals, the rows, and by `String(...)` the table. */
export class ModelStatistics {
  /** Parameters of the whole model, each counted once. */
  readonly totalParams: number = 0
  /** Those of them that require gradients. */
  readonly trainableParams: number = 0
  /** Multiply-adds of one forward pass of the whole batch; 0 without inputs. */
  readonly totalMultAdds: number = 0
  /** Bytes of the inputs. */
  readonly totalInput: number
  /** Bytes of the outputs of layers with parameters, with as much for their gradients. */
  readonly totalOutputBytes: number = 0
  /** Bytes of the parameters. */
  readonly totalParamBytes: number = 0
  readonly #format: TableFormat
  readonly #hasInput: boolean

  constructor(
    /** The rows in order. */
    readonly summaryList: readonly LayerInfo[],
    inputBytes: number | null,
    format: TableFormat,
  ) {
    this.#format = format
    this.#hasInput = inputBytes !== null
    this.totalInput = inputBytes ?? 0
    for (const info of summaryList) {
      if (info.isLeaf) {
        this.totalMultAdds += info.macs
        if (info.numParams > 0) this.totalOutputBytes += info.outputBytes * 2
      }
      if (info.isRecursive) continue
      this.totalParams += Math.max(info.shownParams(false), 0)
      if (info.isLeaf) this.totalParamBytes += info.paramBytes
      this.trainableParams += Math.max(info.isLeaf ? info.trainableParams : info.leftoverTrainableParams, 0)
    }
  }

  #name(info: LayerInfo): string {
    const { rows } = this.#format
    const name = rows.has('varNames') && info.varName !== '' ? `${info.className} (${info.varName})` : info.className
    return rows.has('depth') && info.depth > 0 ? `${name}: ${info.depth}-${info.depthIndex}` : name
  }

  get #nameWidth(): number {
    const longest = Math.max(0, ...this.summaryList.map(info => this.#name(info).length + info.depth * ALIGN + 1))
    return longest >= NAME_WIDTH ? Math.ceil(longest / ALIGN) * ALIGN : NAME_WIDTH
  }

  #start(depth: number): string {
    const ascii = this.#format.rows.has('asciiOnly')
    if (depth === 0) return ''
    if (depth === 1) return ascii ? '+ ' : '├─'
    return (ascii ? '|    ' : '│    ').repeat(depth - 1) + (ascii ? '+ ' : '└─')
  }

  #line(name: string, values: Partial<Record<SummaryColumn, string>>): string {
    const { columns, columnWidth } = this.#format
    const cells = columns.map(column => `${(values[column] ?? '').padEnd(columnWidth)} `)
    return `${name.padEnd(this.#nameWidth)} ${cells.join('')}`.trimEnd()
  }

  #percent(info: LayerInfo, reachedMaxDepth: boolean): string {
    if (this.totalParams > 0 && info.isRecursive) return '(recursive)'
    const share = this.totalParams === 0 ? 0 : info.shownParams(reachedMaxDepth) / this.totalParams
    return share === 0 ? '     --' : `${(share * 100).toFixed(2)}%`.padStart(7)
  }

  #params(info: LayerInfo, reachedMaxDepth: boolean): string {
    if (info.numParams === 0) return '--'
    if (info.isRecursive) return '(recursive)'
    const shown = info.shownParams(reachedMaxDepth)
    if (!reachedMaxDepth && !info.isLeaf) return shown > 0 ? count(shown) : '--'
    return info.trainableParams > 0 ? count(shown) : `(${count(shown)})`
  }

  #lines(info: LayerInfo): string[] {
    const { maxDepth, verbose } = this.#format
    const reachedMaxDepth = info.depth === maxDepth
    const macs = info.shownMacs(reachedMaxDepth)
    const { kernelSize } = info
    const first = this.#line(this.#start(info.depth) + this.#name(info), {
      kernelSize: typeof kernelSize === 'number' ? count(kernelSize) : kernelSize === null ? '--' : list(kernelSize),
      inputSize: info.inputSize.length > 0 ? list(info.inputSize) : '--',
      outputSize: info.outputSize.length > 0 ? list(info.outputSize) : '--',
      numParams: this.#params(info, reachedMaxDepth),
      paramsPercent: this.#percent(info, reachedMaxDepth),
      multAdds: macs === null ? '--' : count(macs),
      trainable: info.trainable,
    })
    if (verbose < 2) return [first]
    const inner = info.parameters.map(({ name, kernel, count: size }, i) => {
      const branch = i === info.parameters.length - 1 ? '└─' : '├─'
      const values = { kernelSize: list(kernel), numParams: `${branch}${count(size)}` }
      return this.#line(this.#start(info.depth + 1) + name, values)
    })
    return [first, ...inner]
  }

  /** The table. */
  toString(): string {
    const { columns, columnWidth, rows, maxDepth } = this.#format
    const divider = '='.repeat(columns.length * columnWidth + this.#nameWidth)
    const shown = this.summaryList.filter(
      info => info.depth <= maxDepth && !(rows.has('hideRecursiveLayers') && info.isRecursive),
    )
    const title = `Layer (type${rows.has('varNames') ? ' (var_name)' : ''}${rows.has('depth') ? ':depth-idx' : ''})`
    const lines = [
      divider,
      this.#line(title, TITLES),
      divider,
      ...shown.flatMap(info => this.#lines(info)),
      divider,
      `Total params: ${count(this.totalParams)}`,
      `Trainable params: ${count(this.trainableParams)}`,
      `Non-trainable params: ${count(this.totalParams - this.trainableParams)}`,
    ]
    if (this.#hasInput) lines.push(...this.#sizes(divider))
    return [...lines, divider].join('\n')
  }

  #sizes(divider: string): string[] {
    const megabytes = (bytes: number) => (bytes / 1e6).toFixed(2)
    const { totalInput, totalOutputBytes, totalParamBytes } = this
    return [
      `Total mult-adds${readable(this.totalMultAdds)}`,
      divider,
      `Input size (MB): ${megabytes(totalInput)}`,
      `Forward/backward pass size (MB): ${megabytes(totalOutputBytes)}`,
      `Params size (MB): ${megabytes(totalParamBytes)}`,
      `Estimated Total Size (MB): ${megabytes(totalInput + totalOutputBytes + totalParamBytes)}`,
    ]
  }

  [inspect.custom](): string {
    return this.toString()
  }
}
