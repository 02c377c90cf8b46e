import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { createCanvas, loadImage } from '@napi-rs/canvas'
import { lossPlot, samplesPicture } from '../src/plots'

const LOSSES = { trainLosses: [2.66, 4.01, 2.09, 1.42, 1.1], valLosses: [2.67, 3.98, 2.08, 1.45, 1.12] }

async function pixels(picture: Buffer): Promise<{ width: number; height: number; data: Uint8ClampedArray }> {
  const image = await loadImage(picture)
  const context = createCanvas(image.width, image.height).getContext('2d')
  context.drawImage(image, 0, 0)
  return context.getImageData(0, 0, image.width, image.height)
}

/** How many pixels are nearer than `far` to a colour, in a share of the picture's rows. */
function near(
  { width, height, data }: Awaited<ReturnType<typeof pixels>>,
  rgb: number[],
  rows = [0, 1],
  far = 60,
): number {
  let found = 0
  for (let i = Math.floor(height * rows[0]!) * width; i < Math.floor(height * rows[1]!) * width; i++) {
    const away = rgb.reduce((sum, c, k) => sum + Math.abs(c - data[4 * i + k]!), 0)
    if (away < far) found++
  }
  return found
}

const BLUE = [31, 111, 235]
const ORANGE = [217, 72, 15]
const INK = [31, 41, 51]

for (const format of ['png', 'svg'] as const) {
  test(`the loss plot as ${format} shows two curves, a title, a legend and titled axes`, async () => {
    const picture = lossPlot(LOSSES)[format]
    const image = await pixels(Buffer.from(picture))
    const scale = format === 'png' ? 2 : 1
    assert.deepEqual([image.width, image.height], [900 * scale, 560 * scale])
    const area = scale * scale
    assert.ok(near(image, BLUE) > 1000 * area, 'the training curve')
    assert.ok(near(image, ORANGE) > 500 * area, 'the validation curve')
    assert.ok(
      near(image, BLUE, [0.11, 0.14]) > 20 * area && near(image, ORANGE, [0.11, 0.14]) > 10 * area,
      'the legend',
    )
    assert.ok(near(image, INK, [0, 0.08]) > 200 * area, 'the title')
    assert.ok(near(image, INK, [0.93, 1]) > 50 * area, "the epochs' axis title")
  })
}

test('the SVG holds no text that would need a font, and scales', () => {
  const { svg } = lossPlot(LOSSES)
  assert.match(svg, /<svg [^>]*viewBox="0 0 900 560"/)
  assert.doesNotMatch(svg, /<text|font-family|<image/)
  assert.ok(svg.length < 400_000, `${svg.length} bytes`)
})

test('the pictures are drawn with the font of the package, whatever the machine has', () => {
  const none = { ...process.env, FONTCONFIG_FILE: '/dev/null', FONTCONFIG_PATH: '/nonexistent' }
  const code = `
    const { createHash } = require('node:crypto')
    const { svg, png } = require('./src/plots').lossPlot(${JSON.stringify(LOSSES)})
    console.log(createHash('sha256').update(svg).update(png).digest('hex'))`
  const hash = (env: NodeJS.ProcessEnv) =>
    execFileSync(process.execPath, ['--require', 'ts-node/register', '-e', code], { env, encoding: 'utf8' })
  assert.equal(hash(none), hash(process.env))
})

test('one epoch, many epochs and losses that are no numbers are drawn too', async () => {
  const many = Array.from({ length: 500 }, (_, i) => 3 / (i + 1))
  for (const losses of [[2.5], many, [2.5, Number.NaN, Number.POSITIVE_INFINITY], [Number.NaN]]) {
    const { svg, png } = lossPlot({ trainLosses: losses, valLosses: losses })
    assert.ok(svg.endsWith('</svg>\n') || svg.trimEnd().endsWith('</svg>'))
    const image = await pixels(png)
    if (Number.isFinite(losses.at(-1))) assert.ok(near(image, ORANGE, [0.14, 0.9]) > 20, `${losses.length} epochs`)
  }
})

test('the samples keep their pixels, enlarged without smoothing, under their titles', async () => {
  const bytes = new Uint8Array(784).map((_, i) => i % 256)
  const sample = { pixels: bytes, width: 28, height: 28, title: 'Ankle boot', subtitle: 'image 10, label 9' }
  const image = await pixels(samplesPicture([sample, { ...sample, pixels: new Uint8Array(784) }]))
  assert.deepEqual([image.width, image.height], [992, 564])
  const at = (x: number, y: number) => [...image.data.slice(4 * (y * image.width + x), 4 * (y * image.width + x) + 4)]
  for (const [row, column] of [
    [0, 0],
    [3, 20],
    [27, 27],
  ] as const) {
    const value = bytes[row * 28 + column]!
    for (const inset of [1, 14]) {
      assert.deepEqual(at(32 + column * 16 + inset, 84 + row * 16 + inset), [value, value, value, 255])
      assert.deepEqual(at(512 + column * 16 + inset, 84 + row * 16 + inset), [0, 0, 0, 255])
    }
  }
  assert.ok(near(image, INK, [0, 0.13]) > 300, 'the titles')
})
