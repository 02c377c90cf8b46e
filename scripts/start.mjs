#!/usr/bin/env node
/**
 * `npm start`: all that a fresh clone needs, then the article: the program `src/train.ts` with the given options.
 *
 *   npm start -- --epochs 5 --data sample
 */
import { root, runNode, step, TS_NODE } from './run.mjs'

await step([`${root}/scripts/build-native.mjs`])
process.exitCode = await runNode([...TS_NODE, `${root}/src/train.ts`, ...process.argv.slice(2)])
