import * as torch from '../../src/index'

/**
 * Tensors that an action leaves behind: those in its result, and what it made and did not free.
 *
 * V8 frees what nobody holds whenever it likes, and an operator what was collected before it. So that older garbage
 * counts for nothing, it goes before each of five tries, and the most counts: a collection during a try can only hide
 * tensors.
 */
export async function handlesLeft(action: () => unknown): Promise<number> {
  const collecting = torch.memory.setCollecting(false)
  try {
    let most = 0
    for (let i = 0; i < 5; i++) most = Math.max(most, await onceLeft(action))
    return most
  } finally {
    torch.memory.setCollecting(collecting)
  }
}

async function onceLeft(action: () => unknown): Promise<number> {
  torch.memory.collect()
  const before = torch.memory.stats().tensors
  const held = [await action()]
  const { tensors } = torch.memory.stats()
  held.length = 0 // not before: what the action gave counts
  return tensors - before
}
