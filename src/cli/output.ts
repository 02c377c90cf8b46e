/** Where a command writes: JSON lines to stdout, and words for people to stdout or, beside JSON, to stderr. */
export interface Output {
  /** The stream for people. */
  readonly words: NodeJS.WriteStream
  /** Aborted once nobody reads stdout any more. */
  readonly closed: AbortSignal
  say(text: string): void
  /** One JSON line, where `--json` asked for it. */
  event(event: Record<string, unknown>): void
}

/** The output of a command; with `json`, stdout holds nothing but JSON lines. */
export function output(json: boolean): Output {
  const closed = new AbortController()
  const words = json ? process.stderr : process.stdout
  const write = (stream: NodeJS.WriteStream, text: string) => {
    if (!stream.destroyed && !stream.errored) stream.write(text)
  }
  // `libtorch-node train | head`: the reader went away, which is no error of ours.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
      if (stream === process.stdout) closed.abort(error)
    })
  }
  return {
    words,
    closed: closed.signal,
    say: text => write(words, `${text}\n`),
    event: event => {
      if (json) write(process.stdout, `${JSON.stringify(event)}\n`)
    },
  }
}

/** Says on stderr what went wrong: the message and its code; the stack, where `DEBUG` is set. */
export function failure(error: unknown): void {
  const { message, stack } = error instanceof Error ? error : new Error(String(error))
  const code = codeOf(error)
  const told = code === undefined || message.includes(code) ? message : `${message} (${code})`
  process.stderr.write(`error: ${told}\n${process.env.DEBUG ? `${stack}\n` : ''}`)
}

function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code
  return typeof code === 'string' ? code : undefined
}
