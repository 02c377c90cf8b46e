// Operators that repeat, cut, join, reduce, sort and multiply: sizes, dimensions and dtypes that cannot be.
import { type Tensor, torch } from '../torch'

const { linalg, slice } = torch
declare const f23: Tensor<[2, 3], 'float32'>
declare const i23: Tensor<[2, 3], 'int64'>
declare const f465: Tensor<[4, 6, 5], 'float32'>
declare const f3: Tensor<[3], 'float32'>
declare const batch: Tensor<[number, 3, 4], 'float32'>
declare const mask: Tensor<[2, 4], 'bool'>
declare const floats: Tensor<[2], 'float32'>
declare const index: Tensor<[2], 'int64'>

f23.view(3, 2) // expect: view: sizes are one array, as in view([2, 3])
f23.reshape(3, 2) // expect: reshape: sizes are one array
f23.permute(1, 0) // expect: permute: sizes are one array
f23.expand(4, 2, 3) // expect: expand: sizes are one array
f23.repeat(2, 2) // expect: repeat: sizes are one array

f23.expand([4, 3]) // expect: expand: [2, 3] to [4, 3]: 2 cannot become 4
f23.expand([3]) // expect: expand: 1 sizes for [2, 3]
f23.expand([-1, 2, 3]) // expect: expand: -1 in a new dimension of [-1, 2, 3]
torch.broadcastTo(f3, [2, 4]) // expect: broadcastTo: [3] to [2, 4]: 3 cannot become 4
f465.unflatten(1, [4, 2]) // expect: unflatten: [6] as [4, 2]: 6 elements are not 8
f465.unflatten(3, [4, 2]) // expect: unflatten: dimension 3 is out of range for [4, 6, 5]
f465.movedim(3, 0) // expect: movedim: a dimension of 3 or 0 is out of range for [4, 6, 5]
f465.movedim([0, 1], [0]) // expect: movedim: 2 dimensions to 1 places
f465.swapaxes(0, 3) // expect: transpose: dimension 3 is out of range
f465.narrow(1, 4, 3) // expect: narrow: 3 from 4 is more than dimension 1 of [4, 6, 5] has
f465.select(0, 4) // expect: select: index 4 is out of range for dimension 0 of [4, 6, 5]
f465.select(-4, 0) // expect: select: dimension -4 is out of range
f465.diagonal({ dim1: 5 }) // expect: diagonal: dimension 5 is out of range
f465.diag() // expect: diag: expects 1 or 2 dimensions, got [4, 6, 5]
f465.split([1, 2], 1) // expect: split: parts of [1, 2] do not add up to 6, dimension 1 of [4, 6, 5]
f465.split(2, 3) // expect: split: dimension 3 is out of range
f465.chunk(2, -4) // expect: chunk: dimension -4 is out of range
torch.unbind(f465, 3) // expect: unbind: dimension 3 is out of range
f465.repeat([2, 2]) // expect: repeat: 2 numbers of repetitions for [4, 6, 5]
f465.repeatInterleave(2, 3) // expect: repeatInterleave: dimension 3 is out of range
f465.flip([0, 3]) // expect: flip: dimension 3 is out of range
f465.roll(1, 3) // expect: dimension 3 is out of range

torch.cat([f23, f3]) // expect: cat: [2, 3] and [3] differ in rank
torch.cat([f23, torch.rand([2, 4])]) // expect: cat: [2, 3] and [2, 4] differ in dimension 1: 3 and 4
torch.cat([f23, f23], 2) // expect: cat: dimension 2 is out of range for [2, 3]
torch.cat([batch, torch.rand([8, 5, 4])]) // expect: differ in dimension 1: 3 and 5
torch.stack([f23, torch.rand([2, 4])]) // expect: stack: [2, 3] and [2, 4] differ in dimension 1: 3 and 4
torch.stack([f23, f23], 3) // expect: stack: dimension 3 is out of range
torch.meshgrid([f3, f23]) // expect: meshgrid: expects vectors, got [2, 3]
torch.meshgrid([f3, f3], { indexing: 'yx' }) // expect: "yx"
torch.where(f23.gt(0), torch.rand([4]), 0) // expect: where: shapes [2, 3] and [4] do not broadcast: 3 and 4
torch.where(f23, f23, 0) // expect: Type '"float32"' is not assignable to type '"bool"'

torch.einsum('ij,jk->ik', [f23, f23]) // expect: einsum: 'j' is 3 and 2
torch.einsum('ij,jk->ik', f23, f23) // expect: einsum: 'j' is 3 and 2
torch.einsum('ij,jk->ik', [f23]) // expect: einsum: the equation has 2 operands, got 1
torch.einsum('ijk->ik', [f23]) // expect: einsum: 'ijk' does not name the dimensions of [2, 3]
torch.einsum('ij->iz', [f23]) // expect: einsum: the output names 'z', which no operand has

f23.mv(f23) // expect: mv: expects 2 and 1 dimensions, got [2, 3] and [2, 3]
f23.mv(torch.rand([4])) // expect: mv: [2, 3] and [4] do not fit: 3 columns, 4 rows
torch.dot(f3, torch.rand([4])) // expect: dot: [3] and [4] do not fit
torch.dot(f3, torch.ones([3], { dtype: 'int64' })) // expect: dot: expects one dtype, got float32 and int64
torch.outer(f3, f23) // expect: outer: expects two vectors, got [3] and [2, 3]
torch.mm(f23, f23) // expect: mm: [2, 3] and [2, 3] do not fit: 3 columns, 2 rows
torch.addmm(f3, f23, torch.rand([3, 4])) // expect: addmm: [3] to [2, 4]: 3 cannot become 4
torch.addmm(f3, f23, f23) // expect: addmm: [2, 3] and [2, 3] do not fit
torch.baddbmm(f3, batch, torch.rand([8, 5, 2])) // expect: baddbmm: [?, 3, 4] and [8, 5, 2] do not fit: 4 columns, 5 rows
torch.tensordot(f23, f23, 1) // expect: tensordot: [2, 3] and [2, 3] do not fit: [3] and [2]
torch.cdist(f23, torch.rand([5, 4])) // expect: cdist: [2, 3] and [5, 4] have 3 and 4 columns
linalg.inv(f23) // expect: inv: expects square matrices, got [2, 3]
linalg.det(f3) // expect: det: expects at least 2 dimensions, got [3]
linalg.solve(torch.eye(3), torch.rand([4, 2])) // expect: solve: [3, 3] and [4, 2] do not fit: 3 and 4 rows

f23.prod(2) // expect: prod: dimension 2 is out of range for [2, 3]
f23.amax([0, 2]) // expect: amax: a dimension of [0, 2] is out of range
f23.std(5) // expect: std: dimension 5 is out of range
f23.all(3) // expect: all: dimension 3 is out of range
f23.median(2) // expect: median: dimension 2 is out of range
f23.topk(4) // expect: topk: 4 of dimension -1 of [2, 3]
f23.kthvalue(3, 0) // expect: kthvalue: 3 of dimension 0 of [2, 3]
f23.sort(2) // expect: sort: dimension 2 is out of range
f23.argsort(-3) // expect: argsort: dimension -3 is out of range
f23.cumsum(2) // expect: cumsum: dimension 2 is out of range
f23.logsumexp(2) // expect: logsumexp: dimension 2 is out of range
i23.mean() // expect: mean: expects a floating or complex dtype, got int64
torch.mean(i23, 1) // expect: mean: expects a floating or complex dtype, got int64
f23.gt(0).mean() // expect: mean: expects a floating or complex dtype, got bool
i23.std() // expect: std: expects a floating or complex dtype, got int64
i23.var(1) // expect: var: expects a floating or complex dtype, got int64
i23.norm() // expect: norm: expects a floating or complex dtype, got int64
i23.floorDivide_(2.5) // expect: floorDivide_: a result of dtype float32 cannot be written into int64
f23.maximum(torch.rand([4])) // expect: maximum: shapes [2, 3] and [4] do not broadcast: 3 and 4
torch.logicalAnd(f23, torch.rand([3, 3])) // expect: logicalAnd: shapes [2, 3] and [3, 3] do not broadcast: 2 and 3
f23.clamp(torch.rand([4]), 1) // expect: clamp: shapes [2, 3] and [4] do not broadcast: 3 and 4

f23.indexSelect(0, floats) // expect: Type '"float32"' is not assignable to type '"int
f23.indexSelect(2, index) // expect: indexSelect: dimension 2 is out of range
f23.indexSelect(0, i23) // expect: indexSelect: expects an index of one dimension, got [2, 3]
f23.gather(1, f23) // expect: '"float32"' is not assignable
f23.gather(1, index) // expect: gather: the index needs the rank of [2, 3], got [2]
f23.gather(0, torch.zeros([1, 4], { dtype: 'int64' })) // expect: gather: an index of [1, 4] is larger than [2, 3] in dimension 1
f23.scatter(1, f23, 0) // expect: '"float32"' is not assignable
f23.take(floats) // expect: '"float32"' is not assignable to type '"int64"'
f23.takeAlongDim(index, 0) // expect: takeAlongDim: the index needs the rank of [2, 3], got [2]
f23.maskedFill(f23, 0) // expect: '"float32"' is not assignable to type '"bool"'

f23.at(2) // expect: at: index 2 is out of range for a dimension of 2 in [2, 3]
f23.at(0, -4) // expect: at: index -4 is out of range for a dimension of 3
f23.at(0, 0, 0) // expect: at: more indices than dimensions of [2, 3]
f23.at(slice(1), '...', 0, 0) // expect: at: more indices than dimensions of [2, 3]
f23.at(mask) // expect: at: a mask of [2, 4] does not fit [2, 3]
f23.at(floats) // expect: at: an index tensor holds integers or booleans, got float32
f465.at(index, torch.tensor([0n, 1n, 2n])) // expect: at: shapes [2] and [3] do not broadcast: 2 and 3
f23.setAt(f465, 0) // expect: setAt: [4, 6, 5] to [3]: 5 cannot become 3
f23.setAt(torch.rand([4]), 0) // expect: setAt: [4] to [3]: 4 cannot become 3
export const transposed: Tensor<[2, 3]> = f23.T // expect: '3' is not assignable to type '2'
