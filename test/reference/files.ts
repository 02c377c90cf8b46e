import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import type { Tensor } from '../../src'
import * as torch from '../../src'

const folder = mkdtempSync(join(tmpdir(), 'libtorch-node-files-'))
after(() => rmSync(folder, { recursive: true }))

let count = 0

/** A path in a folder of its own, so that what is left beside the file shows. */
export function fresh(): string {
  const place = join(folder, `${count++}`)
  mkdirSync(place)
  return join(place, 'net.safetensors')
}

/** The names in a file's folder, its own among them. */
export const beside = (file: string) => readdirSync(join(file, '..')).sort()

export const MB = 1 << 20

/** Float32s of so many megabytes. */
export const megabytes = (size: number, value = 1) => torch.full([size, MB / 4], value) as Tensor

/** What tensors are, to compare. */
export function described(tensors: Record<string, Tensor>) {
  return Object.entries(tensors).map(([name, tensor]) => {
    const { dtype, shape, device } = tensor
    return [name, dtype, shape, device, Buffer.from(tensor.bytes()).toString('hex')]
  })
}
