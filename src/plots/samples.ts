import { createCanvas, ImageData } from '@napi-rs/canvas'
import { FONT, registerFonts } from './fonts'

/** One grey image as bytes, row by row, with the words that stand over it. */
export interface Sample {
  pixels: Uint8Array
  width: number
  height: number
  title: string
  subtitle: string
}

const SIDE = 448
const MARGIN = 32
const HEADING = 84

/** Grey images side by side as a PNG, enlarged without smoothing, each under its title. */
export function samplesPicture(samples: readonly Sample[]): Buffer {
  registerFonts()
  const canvas = createCanvas(MARGIN + samples.length * (SIDE + MARGIN), HEADING + SIDE + MARGIN)
  const context = canvas.getContext('2d')
  context.fillStyle = '#ffffff'
  context.fillRect(0, 0, canvas.width, canvas.height)
  context.imageSmoothingEnabled = false
  context.textAlign = 'center'
  samples.forEach((sample, i) => {
    const left = MARGIN + i * (SIDE + MARGIN)
    const center = left + SIDE / 2
    context.fillStyle = '#1f2933'
    context.font = `bold 26px ${FONT}`
    context.fillText(sample.title, center, 40, SIDE)
    context.fillStyle = '#52606d'
    context.font = `18px ${FONT}`
    context.fillText(sample.subtitle, center, 68, SIDE)
    context.drawImage(small(sample), left, HEADING, SIDE, SIDE)
  })
  return canvas.encodeSync('png')
}

function small({ pixels, width, height }: Sample) {
  const canvas = createCanvas(width, height)
  const rgba = new Uint8ClampedArray(width * height * 4).fill(255)
  for (let i = 0; i < width * height; i++) rgba.fill(pixels[i]!, 4 * i, 4 * i + 3)
  canvas.getContext('2d').putImageData(new ImageData(rgba, width, height), 0, 0)
  return canvas
}
