/** Where a queued task was asked for. The stack becomes text only when an error needs it. */
export interface Trace {
  readonly stack?: string
  /** What was at work, for the message: a layer. */
  readonly subject?: () => string
}

const traces = new Map<number, Trace>()
let nextSubject: (() => string) | undefined

// Layers in layers take most of the ten frames that V8 notes by default, and the caller's are what is wanted
const FRAMES = 16

/** Names what the next task is for. */
export function traceSubject(subject: () => string): void {
  nextSubject = subject
}

/** Notes where the task with this sequence is asked for: here. */
export function recordTrace(sequence: number): void {
  const trace: Trace = { subject: nextSubject }
  nextSubject = undefined
  const limit = Error.stackTraceLimit
  if (limit < FRAMES) Error.stackTraceLimit = FRAMES
  Error.captureStackTrace(trace, recordTrace)
  Error.stackTraceLimit = limit
  traces.set(sequence, trace)
}

/** Where a task was asked for, until it is forgotten. */
export function traceOf(sequence: number): Trace | undefined {
  return traces.get(sequence)
}

/** Forgets tasks that are done. */
export function forgetTraces(sequences: Iterable<number>): void {
  for (const sequence of sequences) traces.delete(sequence)
}
