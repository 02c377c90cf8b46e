import { describe } from '../core/errors'
import { slotOf } from '../core/handle'
import { Job } from '../core/job'
import { tidy } from '../memory'
import { Dropout, Leaf, type Module } from '../nn'
import { layerId } from '../nn/leaf'
import { isTensor, type Tensor } from '../tensor/tensor'
import { graph, type NativeRecording, type RecordedArgument } from './binding'

/** An argument of a call, but the tensor that goes along the chain. */
export type Argument = Exclude<RecordedArgument, { tensor: number }> | Tensor

/** One call of a chain: its input is the output of the one before. */
export interface Call {
  /** The layer, or undefined for an operator. */
  layer: Leaf | undefined
  /** `aten::relu`, without the overload; empty for a layer. */
  operation: string
  /** Of an operator. */
  overload: string
  /** All arguments of an operator but the first; tensors are the model's own. */
  options: Argument[]
  from: readonly number[]
  to: readonly number[]
  /** Why this call ends the chain, where it does. */
  problem?: string
  /** Whether it writes into its input. */
  inPlace: boolean
  /** Of batch norm in training: the buffer that counts its batches. */
  counter?: Tensor
}

/** Why a network is not fused, in words for `explain`; `more` are further lines. */
export class NotFused extends Error {
  constructor(
    message: string,
    readonly more: readonly string[] = [],
  ) {
    super(message)
  }
}

/** The words of an error that left something eager. */
export function whyNot(error: unknown): { reason: string; more: readonly string[] } {
  return { reason: (error as Error).message, more: error instanceof NotFused ? error.more : [] }
}

/** A model whose forward takes one tensor. */
export type Callable = Module & { forward(x: Tensor): unknown }

/**
 * Runs `forward` once against shapes alone and gives its calls as a chain, in which a call that takes part in none has a
 * `problem`. Nothing is computed, no statistic moves and no random number is drawn. Throws `NotFused` where `forward` is no
 * list of calls.
 */
export function recordForward(model: Callable, x: Tensor): Call[] {
  for (const [name, module] of model.namedModules()) {
    if (Object.hasOwn(module, 'forward')) throw new NotFused(`${name || 'the model'} has hooks or a forward of its own`)
  }
  const own = [...model.parameters(), ...model.buffers()]
  const recording = record(model, x, own)
  if (!recording.complete) throw new NotFused('forward asks for more than operators and layers')
  const known = new Map(own.map((tensor, i) => [recording.known[i]!, tensor]))
  return chainOf(recording, known, new Map(leavesOf(model).map(leaf => [layerId(leaf), leaf])))
}

/** The layers of a model that native code computes. */
export function leavesOf(model: Module): Leaf[] {
  return model.modules().filter(module => module instanceof Leaf)
}

function record(model: Callable, x: Tensor, own: readonly Tensor[]): NativeRecording {
  const job = new Job()
  let recording: NativeRecording | null = null
  graph.graphRecordBegin()
  try {
    job.run(() =>
      tidy(() => {
        const out: unknown = model.forward(x)
        if (!isTensor(out)) throw new NotFused(`forward gives ${describe(out)}, not a tensor`)
        recording = graph.graphRecordEnd(slotOf(x), slotOf(out), own.map(slotOf))
      }),
    )
  } catch (error) {
    throw error instanceof NotFused ? error : new NotFused(`forward cannot be recorded: ${(error as Error).message}`)
  } finally {
    if (recording === null) graph.graphRecordEnd(null, null, [])
  }
  return recording!
}

/** Operators whose further results nobody needs. */
const FIRST_COUNTS = new Set(['aten::adaptive_max_pool2d'])

function chainOf(
  recording: NativeRecording,
  known: ReadonlyMap<number, Tensor>,
  layers: ReadonlyMap<number, Leaf>,
): Call[] {
  let at = recording.input
  let counter: Tensor | undefined
  const chain: Call[] = []
  for (const { operation: full, layer: id, arguments: given, results } of recording.calls) {
    const [first, ...rest] = given
    const [operation = '', overload = ''] = full.split('.')
    const layer = id === -1 ? undefined : layers.get(id)
    const what = layer?.toString() ?? full
    if (isCount(operation, given, known)) {
      counter = known.get((first as { tensor: number }).tensor)
      continue
    }
    const options = rest.map(value => (isTensorArgument(value) ? known.get(value.tensor) : value))
    let problem: string | undefined
    if (id !== -1 && layer === undefined) problem = 'forward uses a layer that is not in the model'
    else if (!isTensorArgument(first) || first.tensor !== at) problem = `${what} does not go on from the call before it`
    else if (rest.some(value => isTensorArgument(value) && !known.has(value.tensor))) {
      problem = `${what} takes a second tensor`
    } else if (results.length !== 1 && !FIRST_COUNTS.has(operation)) problem = `${what} gives more than one tensor`
    const from = isTensorArgument(first) ? recording.shapes[first.tensor]! : []
    const inPlace = layer === undefined ? operation.endsWith('_') : writesInput(layer)
    at = results[0] ?? at
    chain.push({ layer, operation, overload, options, from, to: recording.shapes[at]!, problem, inPlace, counter })
    counter = undefined
  }
  if (at !== recording.output) throw new NotFused('the output is not that of the last call')
  if (counter !== undefined) throw new NotFused('forward changes a buffer')
  return chain
}

function writesInput(layer: Leaf): boolean {
  if (layer instanceof Dropout && !layer.training) return false
  return (layer as { inplace?: boolean }).inplace === true
}

/** `num_batches_tracked.add_(1)`, which a batch norm follows. */
function isCount(
  operation: string,
  [first, by, times]: readonly RecordedArgument[],
  known: ReadonlyMap<number, Tensor>,
): boolean {
  if (operation !== 'aten::add_' || !isTensorArgument(first)) return false
  const buffer = known.get(first.tensor)
  return buffer?.dtype === 'int64' && buffer.ndim === 0 && by === 1 && times === 1
}

function isTensorArgument(value: RecordedArgument): value is { tensor: number } {
  return typeof value === 'object' && value !== null && 'tensor' in value
}
