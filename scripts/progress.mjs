import { SingleBar } from 'cli-progress'

const MB = 1e6
const LINE_EVERY_MS = 5000

/**
 * Shows how far something large is: a bar on a terminal, a line every few seconds elsewhere. Writes to stderr, so that
 * stdout stays the command's result.
 *
 * @param {string} label what is happening
 * @param {number | null} total bytes to come, null where nobody says
 * @param {number} start bytes that are already here
 */
export function startProgress(label, total, start = 0) {
  return process.stderr.isTTY && total !== null ? bar(label, total, start) : lines(label, total, start)
}

function bar(label, total, start) {
  const megabytes = bytes => Math.round(bytes / MB)
  const single = new SingleBar({
    format: `${label} [{bar}] {percentage}% | {done}/{whole} MB | {eta_formatted} left`,
    stream: process.stderr,
    hideCursor: true,
    etaBuffer: 200,
  })
  let done = start
  single.start(total, start, { done: megabytes(start), whole: megabytes(total) })
  return {
    advance(bytes) {
      done += bytes
      single.update(done, { done: megabytes(done) })
    },
    stop: () => single.stop(),
  }
}

function lines(label, total, start) {
  const size = bytes => `${(bytes / MB).toFixed(bytes < 10 * MB ? 1 : 0)} MB`
  let done = start
  let last = Date.now()
  console.error(`${label}${total === null ? '' : ` (${size(total)})`}${start > 0 ? `, from ${size(start)} on` : ''}`)
  return {
    advance(bytes) {
      done += bytes
      if (Date.now() - last < LINE_EVERY_MS) return
      last = Date.now()
      console.error(
        total === null ? `  ${size(done)}` : `  ${size(done)} of ${size(total)}, ${Math.floor((100 * done) / total)} %`,
      )
    },
    stop() {},
  }
}
