// Creation, operators, broadcasting, reductions, dtypes.

import type { Equal } from '../equal'
import { nn, type Tensor, torch } from '../torch'

function is<T>() {
  return <U>(_value: U, _same: Equal<T, U>) => {}
}

declare const f23: Tensor<[2, 3], 'float32'>
declare const f3: Tensor<[3], 'float32'>
declare const i23: Tensor<[2, 3], 'int64'>
declare const u8: Tensor<[60000, 28, 28], 'uint8'>
declare const b: Tensor<[number, 1, 28, 28], 'float32'>

is<Tensor<[2, 2], 'float32'>>()(
  torch.tensor(
    [
      [1, 2],
      [3, 4],
    ],
    { requiresGrad: true },
  ),
  true,
)
is<Tensor<[2], 'int64'>>()(torch.tensor([1n, 2n]), true)
is<Tensor<[1, 3], 'bool'>>()(torch.tensor([[true, false, true]]), true)
is<Tensor<[], 'float32'>>()(torch.tensor(2.5), true)
is<Tensor<[2], 'float64'>>()(torch.tensor([1, 2], { dtype: 'float64' }), true)
is<Tensor<[number, number], 'float32'>>()(torch.tensor([[1]] as number[][]), true)
is<Tensor<[number], 'int32'>>()(torch.tensor(new Int32Array(3)), true)
is<Tensor<[2, 3], 'float32'>>()(torch.zeros([2, 3]), true)
is<Tensor<[2, 3], 'int64'>>()(torch.ones([2, 3], { dtype: 'int64', device: 'cuda' }), true)
is<Tensor<[4], 'float32'>>()(torch.full([4], 7), true)
is<Tensor<[4], 'int64'>>()(torch.full([4], 7n), true)
is<Tensor<[3, 3], 'float32'>>()(torch.eye(3), true)
is<Tensor<[10], 'int64'>>()(torch.randperm(10), true)
is<Tensor<[5], 'int64'>>()(torch.arange(5), true)
is<Tensor<[number], 'float32'>>()(torch.arange(0, 1, 0.1), true)
is<Tensor<[4, 2], 'int64'>>()(torch.randint(10, [4, 2]), true)
is<Tensor<[7], 'float32'>>()(torch.linspace(0, 1, 7), true)
is<Tensor<[2, 3], 'int64'>>()(torch.zerosLike(i23), true)
is<Tensor<[2, 3], 'float64'>>()(torch.onesLike(i23, { dtype: 'float64' }), true)
is<Tensor<[2, 2], 'float32'>>()(torch.fromTypedArray(new Float32Array(4), [2, 2]), true)
is<Tensor<[number], 'uint8'>>()(torch.frombuffer(new ArrayBuffer(4), { dtype: 'uint8' }), true)

is<Tensor<[60000, 1, 28, 28], 'float32'>>()(u8.reshape([60000, 1, 28, 28]).float(), true)
is<Tensor<[60000, 1, 28, 28], 'uint8'>>()(u8.unsqueeze(1), true)
is<Tensor<[60000, 784], 'uint8'>>()(u8.flatten(1), true)
is<Tensor<[47040000], 'uint8'>>()(u8.flatten(), true)
is<Tensor<[28, 60000, 28], 'uint8'>>()(u8.transpose(0, -2), true)
is<Tensor<[28, 60000, 28], 'uint8'>>()(u8.permute([2, 0, 1]), true)
is<Tensor<[number, 28, 28], 'float32'>>()(b.squeeze(1), true)
is<Tensor<[number, 1, 28, 28], 'float32'>>()(b.squeeze(2), true)
is<Tensor<[3, 2], 'float32'>>()(f23.t(), true)
is<Tensor<[6], 'float32'>>()(f23.view([-1]), true)
is<Tensor<[6], 'float32'>>()(f23.reshape([-1]), true)
is<Tensor<[2, 3], 'float16'>>()(f23.to('float16'), true)
is<Tensor<[2, 3], 'float32'>>()(f23.to('cuda:1'), true)
is<Tensor<[2, 3], 'bfloat16'>>()(f23.to({ dtype: 'bfloat16', device: 'cpu' }), true)
is<Tensor<[2, 3], 'float64'>>()(f23.to('cuda', 'float64'), true)
is<Tensor<[2, 3], 'int64'>>()(f23.to(i23), true)
is<Tensor<[2, 3], 'float16'>>()(f23.cuda().detach().clone().contiguous().half(), true)

is<Tensor<[2, 3], 'float32'>>()(f23.add(f3), true)
is<Tensor<[2, 3], 'float32'>>()(torch.add(f3, f23, { alpha: 2 }), true)
is<Tensor<[2, 3], 'float32'>>()(f23.sub(i23), true)
is<Tensor<[2, 3], 'float32'>>()(torch.mul(f23, 2, { out: f23 }), true)
is<Tensor<[2, 3], 'float32'>>()(f23.mul(2), true)
is<Tensor<[2, 3], 'int64'>>()(i23.mul(2), true)
is<Tensor<[2, 3], 'float32'>>()(i23.mul(2.5), true)
is<Tensor<[2, 3], 'float32'>>()(i23.div(2), true)
is<Tensor<[2, 3], 'int64'>>()(i23.div(2, { roundingMode: 'floor' }), true)
is<Tensor<[2, 3], 'bool'>>()(i23.eq(f3), true)
is<Tensor<[2, 3], 'bool'>>()(f23.gt(0), true)
is<Tensor<[number, 1, 28, 28], 'float32'>>()(b.add(torch.ones([28])), true)
is<Tensor<[number, 16, 28, 28], 'float32'>>()(b.mul(torch.ones([16, 1, 1])), true)
is<Tensor<[2, 3], 'float32'>>()(i23.exp().log().sqrt().abs().neg().sigmoid().tanh().relu(), true)
is<Tensor<[2, 3], 'float32'>>()(f23.softmax(1).logSoftmax(-1), true)
is<Tensor<[2, 3], 'float32'>>()(f23.add_(f3).mul_(2).div_(i23).zero_().fill_(1).copy_(f3), true)
is<Tensor<[2, 3], 'float32'>>()(f23.mul(torch.tensor(2, { dtype: 'float64' })), true)
is<Tensor<[2, 3], 'float64'>>()(f23.mul(torch.ones([3], { dtype: 'float64' })), true)

is<Tensor<[2, 3], 'float32'>>()(f23.pinMemory().to('cuda', { nonBlocking: true }), true)
is<Tensor<[2, 3], 'float32'>>()(f23.cuda({ nonBlocking: true }).cuda(0).cuda('cuda:1', true), true)
is<Tensor<[2, 3], 'int64'>>()(i23.copy_(i23, { nonBlocking: true }), true)
is<boolean>()(f23.isPinned(), true)
is<Tensor<[2, 3], 'int64'>>()(
  torch.cuda.stream(new torch.cuda.Stream({ priority: -1 }), () => i23),
  true,
)
is<void>()(f23.recordStream(torch.cuda.currentStream('cuda:0')), true)

is<Tensor<[], 'float32'>>()(f23.sum(), true)
is<Tensor<[], 'int64'>>()(torch.tensor([true]).sum(), true)
is<Tensor<[2], 'float32'>>()(f23.sum(1), true)
is<Tensor<[2, 1], 'float32'>>()(f23.sum(-1, true), true)
is<Tensor<[1, 3], 'float32'>>()(f23.mean({ dim: 0, keepdim: true }), true)
is<Tensor<[1], 'float32'>>()(b.mean([0, 2, 3]), true)
is<Tensor<[2], 'float64'>>()(f23.sum(1, { dtype: 'float64' }), true)
is<Tensor<[2], 'int64'>>()(f23.argmax(1), true)
is<Tensor<[], 'int64'>>()(f23.argmin(), true)
is<[values: Tensor<[3], 'float32'>, indices: Tensor<[3], 'int64'>]>()(f23.max(0), true)
is<Tensor<[], 'float32'>>()(torch.max(f23), true)
is<Tensor<[2, 3], 'float32'>>()(f23.min(f3), true)

is<Tensor<[2, 5], 'float32'>>()(f23.matmul(torch.rand([3, 5])), true)
is<Tensor<[2], 'float32'>>()(f23.matmul(f3), true)
is<Tensor<[], 'float32'>>()(f3.matmul(f3), true)
is<Tensor<[4, 8, 2, 5], 'float32'>>()(torch.matmul(torch.rand([4, 1, 2, 3]), torch.rand([8, 3, 5])), true)
is<Tensor<[2, 5], 'float32'>>()(f23.mm(torch.rand([3, 5])), true)
is<Tensor<[4, 2, 5], 'float32'>>()(torch.rand([4, 2, 3]).bmm(torch.rand([4, 3, 5])), true)

is<Tensor<[2, 8, 26, 26], 'float32'>>()(
  nn.functional.conv2d(torch.rand([2, 3, 28, 28]), torch.rand([8, 3, 3, 3])),
  true,
)
is<Tensor<[2, 8, 14, 14], 'float32'>>()(
  nn.functional.conv2d(torch.rand([2, 3, 28, 28]), torch.rand([8, 3, 3, 3]), torch.rand([8]), {
    stride: 2,
    padding: 1,
  }),
  true,
)
is<Tensor<[2, 10], 'float32'>>()(nn.functional.linear(f23, torch.rand([10, 3])), true)
is<Tensor<[2, 3, 14, 14], 'float32'>>()(nn.functional.maxPool2d(torch.rand([2, 3, 28, 28]), 2), true)
is<Tensor<[2], 'float32'>>()(nn.functional.crossEntropy(f23, torch.tensor([0n, 1n]), { reduction: 'none' }), true)
is<Tensor<[5, 10], 'int64'>>()(nn.functional.oneHot(torch.arange(5), 10), true)
is<Tensor<[], 'float32'>>()(nn.functional.mseLoss(f23, f23), true)

const criterion = new nn.CrossEntropyLoss({ reduction: 'none', labelSmoothing: 0.1, weight: torch.ones([3]) })
is<Tensor<[2], 'float32'>>()(criterion.forward(f23, torch.tensor([0n, 1n])), true)
is<Tensor<[2], 'float32'>>()(criterion.forward(f23, f23.softmax(1)), true)
is<Tensor<[2, 5], 'float32'>>()(criterion.forward(torch.rand([2, 4, 5]), torch.zeros([2, 5], { dtype: 'int64' })), true)
is<Tensor<[], 'float32'>>()(new nn.CrossEntropyLoss(null, null, 3).forward(f3, torch.tensor(1n)), true)
