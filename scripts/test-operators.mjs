#!/usr/bin/env node
/**
 * `npm run test:operators`: builds what changed, then compares every operator of PyTorch's own tests with Python; the
 * words and options are those of `test/operators/main.ts`.
 */
import path from 'node:path'
import { root, step, TS_NODE } from './run.mjs'

await step([`${root}/scripts/build-native.mjs`])
await step([...TS_NODE, path.join(root, 'test', 'operators', 'main.ts'), ...process.argv.slice(2)])
