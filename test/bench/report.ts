import type { Size } from './benchmark'
import type { Machine } from './machine'
import type { Result } from './run'

/** What `--json` writes. */
export interface Report {
  /** What was typed. */
  command: string
  /** When the run began. */
  date: string
  size: Size
  rounds: number
  /** What `--threads` said. */
  threads?: number
  machine: Machine
  /** What the tuned Python was told. */
  tunables: string
  results: Result[]
  leftOut: string[]
}
