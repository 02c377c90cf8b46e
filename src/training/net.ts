import { BatchNorm2d, Conv2d, Linear, MaxPool2d, Module, ReLU, Sequential } from '../nn'
import type { Tensor } from '../tensor/tensor'

/**
 * The article's network for Fashion-MNIST: two blocks of convolution, batch norm, ReLU and max pooling, then one linear layer.
 *
 * Input `[N, 1, 28, 28]`, output the logits `[N, 10]`; 2,074 parameters of float32, named as in Python
 * (`cnn_layers.0.weight`, ...), initialised exactly as PyTorch does after the same `manualSeed`.
 *
 * ```ts
 * const model = new Net()
 * model.forward(torch.rand([8, 1, 28, 28])).shape // [8, 10]
 * ```
 */
export class Net extends Module {
  cnn_layers = new Sequential(
    new Conv2d(1, 4, { kernelSize: 2, stride: 1, padding: 1 }),
    new BatchNorm2d(4),
    new ReLU({ inplace: true }),
    new MaxPool2d(2, 2),
    new Conv2d(4, 4, { kernelSize: 2, stride: 1, padding: 1 }),
    new BatchNorm2d(4),
    new ReLU({ inplace: true }),
    new MaxPool2d(2, 2),
  )

  linear_layers = new Sequential(new Linear(196, 10))

  /** The logits `[N, 10]` of images `[N, 1, 28, 28]`. */
  forward(x: Tensor<[number, 1, 28, 28]>) {
    const features = this.cnn_layers.forward(x) // [N, 4, 7, 7]
    return this.linear_layers.forward(features.view([features.size(0), -1])) // [N, 196] -> [N, 10]
  }
}
