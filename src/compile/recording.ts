import { describe } from '../core/errors'
import { slotOf } from '../core/handle'
import { Job } from '../core/job'
import { tidy } from '../memory'
import { Leaf, type Module } from '../nn'
import { layerId } from '../nn/leaf'
import { isTensor, type Tensor } from '../tensor/tensor'
import { graph, type NativeRecording, type RecordedArgument } from './binding'

/** One call of a chain: its input is the output of the one before. */
export interface Call {
  /** The layer, or undefined for an operator. */
  layer: Leaf | undefined
  /** `aten::relu`, without the overload; empty for a layer. */
  operation: string
  /** All arguments of an operator but the first. */
  options: RecordedArgument[]
  from: readonly number[]
  to: readonly number[]
  /** Why this call ends the chain, where it does. */
  problem?: string
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
  const recording = record(model, x)
  if (!recording.complete) throw new NotFused('forward asks for more than operators and layers')
  return chainOf(recording, new Map(leavesOf(model).map(leaf => [layerId(leaf), leaf])))
}

/** The layers of a model that native code computes. */
export function leavesOf(model: Module): Leaf[] {
  return model.modules().filter(module => module instanceof Leaf)
}

function record(model: Callable, x: Tensor): NativeRecording {
  const job = new Job()
  let recording: NativeRecording | null = null
  graph.graphRecordBegin()
  try {
    job.run(() =>
      tidy(() => {
        const out: unknown = model.forward(x)
        if (!isTensor(out)) throw new NotFused(`forward gives ${describe(out)}, not a tensor`)
        recording = graph.graphRecordEnd(slotOf(x), slotOf(out))
      }),
    )
  } catch (error) {
    throw error instanceof NotFused ? error : new NotFused(`forward cannot be recorded: ${(error as Error).message}`)
  } finally {
    if (recording === null) graph.graphRecordEnd(null, null)
  }
  return recording!
}

function chainOf(recording: NativeRecording, layers: ReadonlyMap<number, Leaf>): Call[] {
  let at = recording.input
  const chain: Call[] = []
  for (const { operation, layer: id, arguments: given, results } of recording.calls) {
    const [first, ...options] = given
    const layer = id === -1 ? undefined : layers.get(id)
    const what = layer?.toString() ?? operation
    let problem: string | undefined
    if (id !== -1 && layer === undefined) problem = 'forward uses a layer that is not in the model'
    else if (!isTensorArgument(first) || first.tensor !== at) problem = `${what} does not go on from the call before it`
    else if (options.some(isTensorArgument)) problem = `${what} takes a second tensor`
    else if (results.length !== 1) problem = `${what} gives more than one tensor`
    const from = isTensorArgument(first) ? recording.shapes[first.tensor]! : []
    at = results[0] ?? at
    chain.push({ layer, operation: operation.split('.')[0]!, options, from, to: recording.shapes[at]!, problem })
  }
  if (at !== recording.output) throw new NotFused('the output is not that of the last call')
  return chain
}

function isTensorArgument(value: RecordedArgument): value is { tensor: number } {
  return typeof value === 'object' && value !== null && 'tensor' in value
}
