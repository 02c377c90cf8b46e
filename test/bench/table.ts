import type { Benchmark, Side } from './benchmark'
import { type Result, SIDE_NAMES } from './run'

const OTHERS = ['python', 'tuned', 'onnx'] as const satisfies Side[]
const LABEL = 52
const FIGURE = 10
const RATIO = 8

/** Seconds or bytes with the unit that suits them, in three figures: `4.23 ms`, `512 MB`. */
export function formatted(value: number, unit: Result['unit']): string {
  const steps: readonly (readonly [number, string])[] =
    unit === 's'
      ? [
          [1, 's'],
          [1e-3, 'ms'],
          [1e-6, 'us'],
          [1e-9, 'ns'],
        ]
      : [
          [1e9, 'GB'],
          [1e6, 'MB'],
          [1e3, 'kB'],
        ]
  const [size, name] = steps.find(([step]) => value >= step) ?? steps.at(-1)!
  const scaled = value / size
  return `${scaled.toFixed(scaled < 10 ? 2 : scaled < 100 ? 1 : 0)} ${name}`
}

const ratioText = (ratio: number | undefined) =>
  ratio === undefined ? '-' : ratio.toFixed(ratio < 10 ? 2 : ratio < 100 ? 1 : 0)

/** The sides that any of the rows has, but ours. */
function sidesOf(rows: readonly Result[]): (typeof OTHERS)[number][] {
  return OTHERS.filter(side => rows.some(row => row.figures[side]))
}

/** A benchmark's title with what its sides were told. */
export function heading({ title, threads }: Benchmark, overruled?: number): string {
  const told = overruled ?? threads
  return told === undefined ? title : `${title} (${told} ${told === 1 ? 'thread' : 'threads'})`
}

/** The line over a benchmark's rows, as wide as they are. */
export function headerLine(text: string, sides: readonly Side[]): string {
  const names = { here: 'here', python: 'Python', tuned: 'tuned', onnx: 'onnx' }
  return (
    text.padEnd(LABEL) +
    sides.map(side => names[side].padStart(FIGURE) + (side === 'here' ? '' : 'ratio'.padStart(RATIO))).join('')
  )
}

/** One row for a terminal. */
export function tableLine(row: Result, sides: readonly Side[]): string {
  const cell = (side: Side) => {
    const figure = row.figures[side]
    const ratio = side === 'here' ? '' : ratioText(row.ratios[side]).padStart(RATIO)
    return (figure ? formatted(figure.value, row.unit) : '-').padStart(FIGURE) + ratio
  }
  return `  ${row.row}`.padEnd(LABEL) + sides.map(cell).join('')
}

/** Lines under the table of a benchmark that has any to say. */
export function notesOf(benchmark: Benchmark, rows: readonly Result[]): string[] {
  if (!benchmark.notes || !rows.every(row => row.ratios.python !== undefined)) return []
  return benchmark.notes(Object.fromEntries(rows.map(row => [row.row, row.ratios.python!])))
}

/** A benchmark as a chapter of the documentation: how its figures come about, and the table. */
export function markdown(benchmark: Benchmark, rows: readonly Result[], threads?: number): string {
  const others = sidesOf(rows)
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const titles = others.flatMap(side => [SIDE_NAMES[side], 'ratio'])
  const body = rows.map(row =>
    line([
      row.row,
      row.figures.here ? formatted(row.figures.here.value, row.unit) : '-',
      ...others.flatMap(side => {
        const figure = row.figures[side]
        return [figure ? formatted(figure.value, row.unit) : '-', ratioText(row.ratios[side])]
      }),
    ]),
  )
  return [
    `### ${heading(benchmark, threads)}`,
    '',
    benchmark.about,
    '',
    `| ${line(['here', ...titles])}`,
    line(['---', '---:', ...titles.map(() => '---:')]),
    ...body,
    ...notesOf(benchmark, rows).flatMap(note => ['', note]),
  ].join('\n')
}
