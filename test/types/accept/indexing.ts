// What `at` makes of shapes.

import type { Equal } from '../equal'
import { type Tensor, torch } from '../torch'

function is<T>() {
  return <U>(_value: U, _same: Equal<T, U>) => {}
}

const { slice } = torch
declare const f234: Tensor<[2, 3, 4], 'float32'>
declare const batch: Tensor<[number, 1, 28, 28], 'float32'>
declare const mask: Tensor<[2, 3], 'bool'>
declare const any: Tensor
declare const unranked: Tensor<number[], 'int64'>
declare const n: number

is<Tensor<[3, 4], 'float32'>>()(f234.at(0), true)
is<Tensor<[3, 4], 'float32'>>()(f234.at(n), true)
is<Tensor<[], 'float32'>>()(f234.at(0, 1, 2), true)
is<Tensor<[1, 3, 4], 'float32'>>()(f234.at(slice(1, 2)), true)
is<Tensor<[2, 1, 4], 'float32'>>()(f234.at('...', slice(1), slice(null)), true)
is<Tensor<[2, number, 4], 'float32'>>()(f234.at('...', slice(n, null), slice(null)), true)
is<Tensor<[2, 3], 'float32'>>()(f234.at('...', -1), true)
is<Tensor<[1, 3, 4], 'float32'>>()(f234.at(0, null), true)
is<Tensor<[2, 3, 4, 1], 'float32'>>()(f234.at('...', null), true)
is<Tensor<[number, 28], 'float32'>>()(batch.at(slice(0, 8), 0, '...', 3), true)
is<Tensor<[number, 4], 'float32'>>()(f234.at(mask), true)
is<Tensor<[2, 4], 'float32'>>()(f234.at([0, 1], 2), true)
is<Tensor>()(any.at(0, '...', slice(2)), true)
is<Tensor<any, 'int64'>>()(unranked.at(0), true)
const written: Tensor<[2, 3, 4], 'float32'> = f234.setAt(0, slice(1), '...')
f234.setAt(torch.rand([4]), mask)

export { written }
