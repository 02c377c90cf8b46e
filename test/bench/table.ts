import { type Benchmark, ourSide, SIDES, type Side } from './benchmark'
import { type Result, SIDE_NAMES } from './run'

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
  ratio === undefined ? '-' : ratio.toFixed(ratio < 0.1 ? 3 : ratio < 10 ? 2 : ratio < 100 ? 1 : 0)

/** The sides that any of the rows has, but ours. */
function sidesOf(rows: readonly Result[], ours: Side): Side[] {
  return SIDES.filter(side => side !== ours && rows.some(row => row.figures[side]))
}

/** A benchmark's title with what its sides were told. */
export function heading({ title, threads }: Benchmark, overruled?: number): string {
  const told = overruled ?? threads
  return told === undefined ? title : `${title} (${told} ${told === 1 ? 'thread' : 'threads'})`
}

/** The line over a benchmark's rows, as wide as they are; our side comes first. */
export function headerLine(text: string, sides: readonly Side[]): string {
  const names = {
    compiled: 'compiled',
    here: 'here',
    python: 'Python',
    tuned: 'tuned',
    inductor: 'inductor',
    onnx: 'onnx',
  }
  return (
    text.padEnd(LABEL) +
    sides.map((side, i) => names[side].padStart(FIGURE) + (i === 0 ? '' : 'ratio'.padStart(RATIO))).join('')
  )
}

/** One row for a terminal. */
export function tableLine(row: Result, sides: readonly Side[]): string {
  const cell = (side: Side, i: number) => {
    const figure = row.figures[side]
    const ratio = i === 0 ? '' : ratioText(row.ratios[side]).padStart(RATIO)
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
  const ours = ourSide(benchmark)
  const others = sidesOf(rows, ours)
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const titles = others.flatMap(side => [SIDE_NAMES[side], 'ratio'])
  const body = rows.map(row =>
    line([
      row.row,
      row.figures[ours] ? formatted(row.figures[ours].value, row.unit) : '-',
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
    `| ${line([SIDE_NAMES[ours], ...titles])}`,
    line(['---', '---:', ...titles.map(() => '---:')]),
    ...body,
    ...notesOf(benchmark, rows).flatMap(note => ['', note]),
  ].join('\n')
}
