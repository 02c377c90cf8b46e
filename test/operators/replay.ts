/**
 * Replays recorded calls in a process of its own, so that one that crashes takes nothing else along:
 *
 *     replay.ts <folder> <mode> <log> <first> <end>
 *
 * Says in the log what it is at, then what came of it. Lines that begin with # say more of the former.
 */
import { openSync, writeSync } from 'node:fs'
import * as torch from '../../src'
import { Job } from '../../src/core/job'
import { findOverload } from '../../src/ops/registry'
import { compare, type Outcome } from './compare'
import { operatorsWithoutFiles, type RecordedCall, Recording } from './recording'
import { anyArguments, draws, inWords, wildArguments } from './wild'

export type Verdict = 'passed' | 'inexact' | 'failed' | 'refused' | 'beyond'
export type Mode = 'direct' | 'queued' | 'wild' | 'any'

const [folder, mode, logFile, first, end] = process.argv.slice(2) as [string, Mode, string, string, string]
const recording = mode === 'any' ? (undefined as never) : new Recording(folder)
const log = openSync(logFile, 'a')
torch.setNumThreads(1)

type Values = [args: unknown[], options: Record<string, unknown>]

function decoded(call: RecordedCall, copy: (memory: torch.Tensor) => torch.Tensor): Values {
  const decode = recording.decoder(copy)
  const options = Object.entries(call.options).map(([key, value]) => [key, decode(value)])
  return [decode(call.args) as unknown[], Object.fromEntries(options)]
}

function run(call: RecordedCall, [args, options]: Values): unknown {
  const operator = torch.ops.aten[call.operator]![call.overload]!
  return Object.keys(options).length > 0 ? operator(...args, options) : operator(...args)
}

const copied = (memory: torch.Tensor) => memory.clone() as torch.Tensor

function compared(call: RecordedCall, result: unknown, [args, options]: Values): Outcome {
  if (call.error !== undefined) return { difference: `no error, where Python says: ${call.error}` }
  const shapeOnly = call.shapeOnly === true
  const outcomes = [compare(result, call.result, recording, shapeOnly)]
  for (const [key, value] of Object.entries(call.after ?? {})) {
    const after = compare(key in options ? options[key] : args[Number(key)], value, recording, shapeOnly)
    outcomes.push(after.difference ? { difference: `argument ${key} afterwards: ${after.difference}` } : after)
  }
  return outcomes.find(({ difference }) => difference) ?? outcomes.find(({ inexact }) => inexact) ?? {}
}

function direct(call: RecordedCall): Outcome {
  const values = decoded(call, copied)
  return compared(call, run(call, values), values)
}

type Outline = readonly [shape: readonly number[], dtype: string, device: string]

function outlines(value: unknown): Outline[] {
  if (Array.isArray(value)) return value.flatMap(outlines)
  return torch.isTensor(value) ? [[value.shape, value.dtype, value.device]] : []
}

/** In a job: the sizes that are told at once must be those that there are at the end. */
async function queued(call: RecordedCall, toCome: boolean): Promise<[Outcome, queued: boolean]> {
  const there = toCome ? undefined : decoded(call, copied)
  const job = new Job()
  let told: Outline[] = []
  let tasks = 0
  let result: unknown
  let values!: Values
  try {
    job.run(() => {
      values = there ?? decoded(call, copied)
      if (call.seed !== undefined) torch.manualSeed(call.seed)
      const before = job.mark
      result = run(call, values)
      tasks = job.mark - before
      told = outlines([result, values])
    })
  } finally {
    await job.settled()
  }
  const real = outlines([result, values])
  if (JSON.stringify(told) !== JSON.stringify(real)) {
    return [{ difference: `told ${JSON.stringify(told)}, and it is ${JSON.stringify(real)}` }, tasks > 0]
  }
  return [compared(call, result, values), tasks > 0]
}

/** Times that each call is made with other arguments, at once and in a job. */
const WILD = 6

/** With arguments that the operator does not expect: whatever comes, an answer or an error, the process must live. */
async function wild(call: RecordedCall, index: number): Promise<void> {
  for (let i = 0; i < WILD; i++) {
    const inJob = i % 2 === 1
    const job = new Job()
    const change = () => wildArguments(decoded(call, copied), draws(index * WILD + i))
    try {
      const there = inJob && i % 4 === 1 ? undefined : change()
      writeSync(log, `# ${inJob ? 'in a job: ' : ''}${there === undefined ? 'to come' : inWords(there)}\n`)
      if (inJob) job.run(() => run(call, there ?? change()))
      else run(call, there!)
    } catch (error) {
      if (!(error instanceof torch.TorchError)) throw error
    } finally {
      await job.settled().catch(() => {})
    }
  }
}

/** Times that each operator is called. */
const ANY = 30

/** Any arguments of the schema's kinds, for an operator that no sample asks for. */
async function any(name: string, index: number): Promise<void> {
  const dot = name.indexOf('.')
  const overload = dot === -1 ? findOverload(name) : findOverload(name.slice(0, dot), name.slice(dot + 1))
  if (!overload.supported) return
  for (let i = 0; i < ANY; i++) {
    const job = new Job()
    try {
      const values = anyArguments(overload.schema.arguments, draws(index * ANY + i))
      writeSync(log, `# ${i % 2 === 1 ? 'in a job: ' : ''}${inWords(values)}\n`)
      if (i % 2 === 1) job.run(() => overload.call(values))
      else overload.call(values)
    } catch (error) {
      if (!(error instanceof torch.TorchError)) throw error
    } finally {
      await job.settled().catch(() => {})
    }
  }
}

function verdictOf(call: RecordedCall, { difference, inexact }: Outcome): [Verdict, string?] {
  if (difference === undefined) return [inexact ? 'inexact' : 'passed']
  return [call.wholeFloat ? 'beyond' : 'failed', difference]
}

function verdictOfError(call: RecordedCall, error: unknown): [Verdict, string?] {
  if (!(error instanceof torch.TorchError)) return ['failed', (error as Error).stack]
  if (error.code === 'ERR_UNSUPPORTED_TYPE') return ['refused', error.message]
  if (call.error !== undefined) return ['passed']
  return [call.wholeFloat ? 'beyond' : 'failed', error.message]
}

async function verdict(call: RecordedCall, index: number): Promise<[Verdict, string?, boolean?]> {
  let inQueue = false
  try {
    if (mode === 'wild') {
      await wild(call, index)
      return ['passed']
    }
    if (call.seed !== undefined) torch.manualSeed(call.seed)
    if (mode === 'direct') return verdictOf(call, direct(call))
    let worst: [Verdict, string?] = ['passed']
    for (const toCome of [false, true]) {
      const [outcome, wasQueued] = await queued(call, toCome)
      inQueue ||= wasQueued
      const found = verdictOf(call, outcome)
      if (worst[0] === 'passed' || worst[0] === 'inexact') worst = found
      if (found[0] === 'failed') return [found[0], `${toCome ? 'to come' : 'there'}: ${found[1]}`, inQueue]
    }
    return [worst[0], worst[1], inQueue]
  } catch (error) {
    return verdictOfError(call, error)
  }
}

async function main() {
  if (mode === 'any') {
    const names = operatorsWithoutFiles()
    for (let i = Number(first); i < Number(end); i++) {
      writeSync(log, `${i}\n`)
      await any(names[i]!, i)
      writeSync(log, '["passed"]\n')
    }
    return
  }
  for (let i = Number(first); i < Number(end); i++) {
    writeSync(log, `${i}\n`)
    const found = await verdict(recording.call(i), i)
    writeSync(log, `${JSON.stringify(found)}\n`)
  }
}

void main()
