/**
 * One process of a benchmark: measures our side of one case, and prints what `answer` says.
 *
 *   node side.js <benchmark> here|compiled <arguments as JSON>
 */
import type { Benchmark } from './benchmark'
import { answer } from './measure'

async function main([name, side, args]: string[]): Promise<void> {
  // Only its own file is loaded: what another benchmark needs would count in this one's memory.
  const { default: benchmark } = require(`./benchmarks/${name}`) as { default: Benchmark }
  answer(await benchmark[side as 'here' | 'compiled']!(JSON.parse(args!)))
}

main(process.argv.slice(2)).catch(error => {
  console.error(error)
  process.exitCode = 1
})
