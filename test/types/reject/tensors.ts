// Views, products, broadcasts, reductions and dtypes that cannot be.
import { nn, type Tensor, torch } from '../torch'

declare const features: Tensor<[number, 4, 7, 7], 'float32'>
declare const fixed: Tensor<[2, 4, 7, 7], 'float32'>
declare const f23: Tensor<[2, 3], 'float32'>
declare const i23: Tensor<[2, 3], 'int64'>

fixed.view([2, 195]) // expect: view: [2, 4, 7, 7] as [2, 195]: 196 elements are not 195
fixed.view([3, -1]) // expect: view: [2, 4, 7, 7] as [3, -1]: 392 elements do not divide by 3
fixed.reshape([-1, -1]) // expect: view: only one dimension of [-1, -1] can be -1
features.view([features.size(0), 200]) // expect: view: [?, 4, 7, 7] as [?, 200]: 196 elements are not 200
features.view([features.size(0), -1, 5]) // expect: 196 elements do not divide by 5
features.size(4) // expect: size: dimension 4 is out of range for [?, 4, 7, 7]
features.size(-5) // expect: size: dimension -5 is out of range
features.flatten(6) // expect: flatten: dimension 6 is out of range
features.flatten(2, 1) // expect: flatten: the first dimension lies behind the last
features.unsqueeze(6) // expect: unsqueeze: dimension 6 is out of range
features.squeeze(4) // expect: squeeze: dimension 4 is out of range
features.transpose(0, 4) // expect: transpose: dimension 4 is out of range
features.permute([0, 1, 2]) // expect: permute: 3 dimensions named for [?, 4, 7, 7]
features.permute([0, 1, 2, 2]) // expect: permute: [0, 1, 2, 2] is no order of the dimensions of
features.t() // expect: t: expects at most 2 dimensions, got [?, 4, 7, 7]

f23.matmul(torch.rand([2, 3])) // expect: matmul: [2, 3] and [2, 3] do not fit: 3 columns, 2 rows
torch.matmul(f23, torch.rand([4])) // expect: matmul: [2, 3] and [4] do not fit: 3 columns, 4 rows
f23.matmul(torch.tensor(1)) // expect: matmul: expects at least 1 dimension, got [2, 3] and []
f23.matmul(i23.t()) // expect: matmul: expects one dtype, got float32 and int64
f23.mm(torch.rand([8, 3, 4])) // expect: mm: expects 2 dimensions, got [2, 3] and [8, 3, 4]
torch.rand([4, 2, 3]).bmm(torch.rand([5, 3, 2])) // expect: bmm: batches of 4 and 5

f23.add(torch.rand([2])) // expect: add: shapes [2, 3] and [2] do not broadcast: 3 and 2
torch.mul(f23, torch.rand([2, 2, 2])) // expect: mul: shapes [2, 3] and [2, 2, 2] do not broadcast: 3 and 2
f23.eq(torch.rand([4, 1, 1, 5])) // expect: eq: shapes [2, 3] and [4, 1, 1, 5] do not broadcast: 3 and 5
f23.add('1') // expect: Argument of type '"1"' is not assignable
f23.add(1, { alfa: 2 }) // expect: 'alfa' does not exist
f23.add_(torch.rand([4, 2, 3])) // expect: add_: [4, 2, 3] does not fit into [2, 3] in place
i23.mul_(2.5) // expect: mul_: a result of dtype float32 cannot be written into int64
i23.add_(f23) // expect: add_: a result of dtype float32 cannot be written into int64
f23.copy_(torch.rand([4])) // expect: copy_: shapes [2, 3] and [4] do not broadcast

f23.sum(2) // expect: sum: dimension 2 is out of range for [2, 3]
f23.mean([0, 2]) // expect: mean: a dimension of [0, 2] is out of range for [2, 3]
f23.argmax(-3) // expect: argmax: dimension -3 is out of range
f23.softmax(2) // expect: softmax: dimension 2 is out of range
f23.cuda({ nonblocking: true }) // expect: 'nonblocking' does not exist
f23.recordStream({}) // expect: not assignable to parameter of type 'Stream'
f23.float16() // expect: Property 'float16' does not exist
torch.zeros([2, 3], { dtpye: 'int64' }) // expect: 'dtpye' does not exist ... Did you mean to write 'dtype'?
torch.zeros([2, 3], { dtype: 'float' }) // expect: '"float"' is not assignable
torch.tensor([[1, 2], [3]]) // expect: tensor: the rows differ in length
nn.functional.conv2d(torch.rand([2, 3, 28, 28]), torch.rand([8, 1, 3, 3])) // expect: Conv2d expects 1 channels, got 3
nn.functional.linear(f23, torch.rand([10, 4])) // expect: Linear expects 4 features, got 3
export const dtype: Tensor<[2], 'float32'> = torch.tensor([1n, 2n]) // expect: Type '"int64"' is not assignable to type '"float32"'
