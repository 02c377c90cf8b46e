import { type Canvas, createCanvas, type SKRSContext2D, type SvgCanvas, SvgExportFlag } from '@napi-rs/canvas'
import type { ChartConfiguration, ChartType, Plugin } from 'chart.js' with { 'resolution-mode': 'import' }
import { FONT, registerFonts } from './fonts'

type ChartJs = typeof import('chart.js', { with: { 'resolution-mode': 'import' }})
// chart.js has types for ES modules only, and a CommonJS file beside them.
const { Chart }: ChartJs = require('chart.js')

/** One picture in two formats: an SVG whose text is paths, and a PNG of twice as many pixels each way. */
export interface Picture {
  svg: string
  png: Buffer
}

/** The size of a picture, in pixels of the SVG. */
export interface Size {
  width: number
  height: number
}

export const PAPER = '#ffffff'
export const INK = '#1f2933'
export const MUTED = '#52606d'
export const GRID = '#e4e7eb'
export const BLUE = '#1f6feb'
export const ORANGE = '#d9480f'

/** The package's font in a size, for a chart's options. */
export const font = (size: number, weight: 'normal' | 'bold' = 'normal') => ({ family: FONT, size, weight })

/** A title over a chart, for its plugins. */
export const title = (text: string, size = 20) => ({
  display: true,
  text,
  color: INK,
  font: font(size, 'bold'),
  padding: { top: 8, bottom: 4 },
})

/** The looks of an axis. */
export const axisStyle = (text: string) => ({
  title: { display: true, text, color: INK, font: font(15, 'bold'), padding: 8 },
  ticks: { color: MUTED, font: font(13) },
  grid: { color: GRID },
  border: { color: MUTED },
})

/**
 * Draws a chart, whose parts the caller has registered, on white paper in both formats. The text needs no font on the machine that shows
 * the picture.
 */
export function draw<T extends ChartType>(chart: ChartConfiguration<T>, { width, height }: Size): Picture {
  registerFonts()
  const png = drawn(createCanvas(width, height), chart, 2, canvas => canvas.encodeSync('png'))
  const vector = createCanvas(width, height, SvgExportFlag.ConvertTextToPaths)
  const svg = drawn(vector, chart, 1, canvas => canvas.getContent().toString('utf8'))
  return { svg: scalable(svg, width, height), png }
}

/** Draws on the canvas and reads it before the chart is destroyed, which wipes it. */
function drawn<C extends Canvas | SvgCanvas, R, T extends ChartType>(
  canvas: C,
  { options, plugins = [], ...rest }: ChartConfiguration<T>,
  devicePixelRatio: number,
  read: (canvas: C) => R,
): R {
  const paper: Plugin<T> = { id: 'paper', beforeDraw: ({ ctx, width, height }) => paint(ctx, width, height) }
  const still = { responsive: false, animation: false, events: [], devicePixelRatio }
  const whole = { ...rest, options: { ...options, ...still }, plugins: [paper, ...plugins] }
  const chart = new Chart(canvas.getContext('2d') as never, whole as ChartConfiguration)
  try {
    return read(canvas)
  } finally {
    chart.destroy()
  }
}

function paint(
  context: Pick<SKRSContext2D, 'save' | 'fillStyle' | 'fillRect' | 'restore'>,
  width: number,
  height: number,
): void {
  context.save()
  context.fillStyle = PAPER
  context.fillRect(0, 0, width, height)
  context.restore()
}

/** Skia writes a fixed size only; a viewBox lets the picture be shown in any. */
function scalable(svg: string, width: number, height: number): string {
  return /<svg[^>]*viewBox/.test(svg) ? svg : svg.replace('<svg ', `<svg viewBox="0 0 ${width} ${height}" `)
}
