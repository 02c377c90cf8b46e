// Writes src/data/sample/: the first 1,000 training and 200 test images of Fashion-MNIST, with their labels, as the
// original four files hold them. Run: FASHION_MNIST=<folder with the four files> node test/reference/make-sample.mjs
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { constants, gunzipSync, gzipSync } from 'node:zlib'

const folder = process.env.FASHION_MNIST
if (!folder) throw new Error('FASHION_MNIST must name the folder with the four files')
const target = fileURLToPath(new URL('../../src/data/sample/', import.meta.url))
mkdirSync(target, { recursive: true })

const counts = { train: 1000, t10k: 200 }
for (const [part, count] of Object.entries(counts)) {
  for (const [kind, header, row] of [
    ['images-idx3', 16, 28 * 28],
    ['labels-idx1', 8, 1],
  ]) {
    const name = `${part}-${kind}-ubyte.gz`
    const whole = gunzipSync(readFileSync(join(folder, name)))
    const rows = Buffer.from(whole.subarray(0, header + count * row))
    rows.writeUInt32BE(count, 4)
    const packed = gzipSync(rows, { level: constants.Z_BEST_COMPRESSION, memLevel: 9 })
    writeFileSync(join(target, name), packed)
    console.log(`${name}: ${packed.length} bytes`)
  }
}
