import { createCanvas, Image } from '@napi-rs/canvas'
import type { Picture, Size } from '../../../src/plots/draw'

/** Pictures of one size, laid out in rows, as one picture. */
export function panels(pictures: readonly Picture[], { width, height }: Size, columns: number): Picture {
  const across = Math.min(columns, pictures.length)
  const whole = { width: across * width, height: Math.ceil(pictures.length / across) * height }
  const place = (i: number) => ({ x: (i % across) * width, y: Math.floor(i / across) * height })
  const canvas = createCanvas(2 * whole.width, 2 * whole.height)
  pictures.forEach(({ png }, i) => {
    const image = new Image()
    image.src = png // decoded at once: it is a Buffer
    canvas.getContext('2d').drawImage(image, 2 * place(i).x, 2 * place(i).y)
  })
  const parts = pictures.map(({ svg }, i) => {
    const { x, y } = place(i)
    return (
      svg
        .replace(/^<\?xml[^>]*\?>\s*/, '')
        .replace('<svg ', `<svg x="${x}" y="${y}" `)
        // Every picture counts its ids from the start.
        .replace(/(\bid="|url\(#|href="#)/g, `$1p${i}-`)
    )
  })
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="${whole.width}" height="${whole.height}" viewBox="0 0 ${whole.width} ${whole.height}">\n${parts.join('\n')}\n</svg>\n`
  return { svg, png: canvas.encodeSync('png') }
}
