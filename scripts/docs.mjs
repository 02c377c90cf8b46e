#!/usr/bin/env node
/** `npm run docs`: makes the documentation's site in `docs/site`: every public name, the README and the pages of `docs/`. */
import { bin, root, step } from './run.mjs'

await step([`${root}/scripts/build-native.mjs`]) // makes the types of the operators
await step([bin('typedoc', 'bin/typedoc'), '--options', `${root}/typedoc.json`])
