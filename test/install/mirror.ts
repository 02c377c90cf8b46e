import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface MirrorFile {
  content: Buffer
  /** Cuts the connection after so many bytes of the body, as many times as the list is long. */
  cuts?: number[]
  etag?: string
  /** A length that it claims instead of its own. */
  claims?: number
}

/** A local copy of download.pytorch.org/libtorch that knows ranges, and can be told to misbehave. */
export class Mirror {
  readonly files = new Map<string, MirrorFile>()
  /** What was asked for: `GET /cpu/x.zip`, with the range where there was one. */
  readonly requests: string[] = []
  readonly #server = createServer((request, response) => this.#answer(request, response))

  async start(): Promise<void> {
    await new Promise<void>(resolve => this.#server.listen(0, '127.0.0.1', resolve))
  }

  get address(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise(resolve => this.#server.close(resolve))
  }

  /** Puts a file there, with its `.sha256` beside it unless told otherwise. */
  put(path: string, content: Buffer, options: Omit<MirrorFile, 'content'> & { sha256?: string | null } = {}): void {
    const sha256 = options.sha256 === undefined ? createHash('sha256').update(content).digest('hex') : options.sha256
    this.files.set(path, { etag: '"first"', ...options, content })
    if (sha256 === null) this.files.delete(`${path}.sha256`)
    else this.files.set(`${path}.sha256`, { content: Buffer.from(`${sha256}  ${path.split('/').at(-1)}\n`) })
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const path = decodeURIComponent(request.url ?? '')
    const { range } = request.headers
    this.requests.push(range ? `${path} ${range}` : path)
    const file = this.files.get(path)
    if (!file) {
      response.writeHead(404).end('no such file')
      return
    }
    const asked = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0)
    const start = asked > 0 && request.headers['if-range'] === file.etag ? asked : 0
    const body = file.content.subarray(start)
    const headers = { 'content-length': file.claims ?? body.length, ...(file.etag ? { etag: file.etag } : {}) }
    const last = file.content.length - 1
    if (start > 0)
      response.writeHead(206, { ...headers, 'content-range': `bytes ${start}-${last}/${file.content.length}` })
    else response.writeHead(200, headers)
    const cut = file.cuts?.shift()
    if (cut === undefined) response.end(body)
    else response.write(body.subarray(0, cut), () => setTimeout(() => response.destroy(), 30))
  }
}
