#!/usr/bin/env node
import { Command, CommanderError } from 'commander'
import { batchSize, count, device, rate, seed, splitSeed } from './options'
import { failure } from './output'

/** Runs the program `libtorch-node` with its arguments; sets the exit code: 0, 1 for a failure, 2 for wrong usage. */
export async function main(args: readonly string[]): Promise<void> {
  try {
    await program().parseAsync([...args], { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) {
      failure(error)
      process.exitCode = 1
    } else if (error.exitCode !== 0) {
      process.exitCode = 2
    }
  }
}

// A command's file is loaded when the command runs: `--help` and `install` work where libtorch does not.
function program(): Command {
  const { version } = require('../../package.json') as { version: string }
  const root = new Command('libtorch-node')
    .description('PyTorch for Node.js: train the network of the article, evaluate it, install libtorch.')
    .version(version)
    .exitOverride()
    .configureHelp({ showGlobalOptions: false })

  root
    .command('train')
    .description('Train the convolutional network of the article on Fashion-MNIST.')
    .option('--epochs <n>', 'epochs to train', count(1), 25)
    .option('--lr <rate>', "Adam's learning rate", rate, 0.07)
    .option('--batch-size <size>', 'images of a step: "full" or a number', batchSize, 'full' as const)
    .option('--seed <n>', 'manualSeed before the network is made (default: a random one)', seed)
    .option('--split-seed <n>', 'seed of the split into training and validation (default: a random one)', splitSeed)
    .option('--device <device>', 'auto, cpu, cuda or cuda:<index>', device, 'auto')
    .option('--threads <n>', "threads on the CPU (default: libtorch's own)", count(1))
    .option('--compile', 'run each step as fused native code (on a GPU as a CUDA graph), and tell what was fused')
    .option('--limit <n>', 'take the first n training images, before the split', count(2))
    .option('--data <place>', 'a folder with the four IDX files, or "sample" for the small one of the package')
    .option('--out <folder>', 'where the results go (default: a fresh folder under runs/)')
    .option('--json', 'JSON lines on stdout, and what is meant for people on stderr')
    .action(options => (require('./train') as typeof import('./train')).train(options))

  root
    .command('evaluate')
    .description('Measure a trained network on the test set, in eval mode.')
    .argument('<model>', 'a .safetensors file, or the folder that train left')
    .option('--batch-size <size>', 'images of a step: "full" or a number', batchSize, 'full' as const)
    .option('--device <device>', 'auto, cpu, cuda or cuda:<index>', device, 'auto')
    .option('--threads <n>', "threads on the CPU (default: libtorch's own)", count(1))
    .option('--data <place>', 'a folder with the four IDX files, or "sample" for the small one of the package')
    .option('--json', 'one JSON line on stdout, and what is meant for people on stderr')
    .action((model, options) => (require('./evaluate') as typeof import('./evaluate')).evaluate(model, options))

  root
    .command('install')
    .description('Find or fetch libtorch and build the native addon for it; nothing to do the second time.')
    .action(() => (require('./install') as typeof import('./install')).install())

  return root
}

if (require.main === module) main(process.argv.slice(2))
