import { noGrad } from '../../autograd'
import { describe, InvalidArgTypeError } from '../../core/errors'
import { mergeArguments } from '../../core/options'
import { BatchNormNd } from '../../nn/layers/batch-norm-nd'
import { BatchNorm2d } from '../../nn/layers/batch-norm2d'
import { isModule, type Module } from '../../nn/module'
import { isTensor, type Tensor } from '../../tensor/tensor'

/** A tensor, or an array whose first element is the model's input. */
export type Batch = Tensor | readonly [Tensor, ...unknown[]]

/** The options of `updateBn`. */
export interface UpdateBnOptions {
  /** Where batches are moved before they go into the model; default: nowhere. */
  device?: string | null
}

type BatchNorm = Pick<BatchNorm2d<number>, 'momentum' | 'resetRunningStats'>

const isBatchNorm = (module: unknown): module is Module & BatchNorm =>
  module instanceof BatchNorm2d || module instanceof BatchNormNd

type Callable = Module & { forward(x: Tensor): unknown }

/**
 * Computes the running statistics of all batch norms anew: the mean over the batches, in one pass over `loader` in train
 * mode without gradients. For the averaged weights of `AveragedModel`. The model's mode and the momenta are given back.
 * An async iterable gives a promise.
 *
 * Mutates the buffers of batch norms. `ERR_INVALID_ARG_TYPE` for batches that hold no tensor.
 *
 * @see https://docs.pytorch.org/docs/stable/optim.html#weight-averaging-swa-and-ema
 */
export function updateBn(loader: Iterable<Batch>, model: Module, options?: UpdateBnOptions): void
export function updateBn(loader: AsyncIterable<Batch>, model: Module, options?: UpdateBnOptions): Promise<void>
export function updateBn(...args: unknown[]): unknown {
  const { loader, model, device = null } = mergeArguments('updateBn', ['loader', 'model', 'device'], args, 2)
  if (!isModule(model)) throw new InvalidArgTypeError(`updateBn takes a Module, got ${describe(model)}`)
  const sync = typeof (loader as Iterable<Batch>)[Symbol.iterator] === 'function' && !isTensor(loader)
  if (!sync && typeof (loader as AsyncIterable<Batch>)[Symbol.asyncIterator] !== 'function') {
    throw new InvalidArgTypeError(`updateBn: 'loader' must give batches, got ${describe(loader)}`)
  }
  const norms = model.modules().filter(isBatchNorm)
  for (const norm of norms) norm.resetRunningStats()
  if (norms.length === 0) return sync ? undefined : Promise.resolve()
  const momenta = norms.map(norm => norm.momentum)
  const wasTraining = model.training
  model.train()
  for (const norm of norms) norm.momentum = null
  const end = () => {
    norms.forEach((norm, i) => {
      norm.momentum = momenta[i]!
    })
    model.train(wasTraining)
  }
  const see = (batch: unknown) => {
    const input: unknown = Array.isArray(batch) ? batch[0] : batch
    if (!isTensor(input)) throw new InvalidArgTypeError(`updateBn: a batch must hold a tensor, got ${describe(input)}`)
    const moved = device === null ? input : (input.to as (device: unknown) => Tensor)(device)
    noGrad(() => (model as Callable).forward(moved))
  }
  if (!sync) return seeAll(loader as AsyncIterable<Batch>, see, end)
  try {
    for (const batch of loader as Iterable<Batch>) see(batch)
  } finally {
    end()
  }
  return undefined
}

async function seeAll(loader: AsyncIterable<Batch>, see: (batch: Batch) => void, end: () => void): Promise<void> {
  try {
    for await (const batch of loader) see(batch)
  } finally {
    end()
  }
}
