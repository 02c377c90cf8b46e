// Layers that do not fit their input. Each `expect` is what the message of the line below or of the same line must hold.
import { nn, type Tensor, torch } from '../torch'

declare const gray: Tensor<[64, 1, 28, 28], 'float32'>
declare const batch: Tensor<[number, 1, 28, 28], 'float32'>

class Net extends nn.Module {
  cnn_layers = new nn.Sequential(
    new nn.Conv2d(1, 4, { kernelSize: 2, stride: 1, padding: 1 }),
    new nn.BatchNorm2d(4),
    new nn.ReLU({ inplace: true }),
    new nn.MaxPool2d(2, { stride: 2 }),
    new nn.Conv2d(4, 4, 2, 1, 1),
    new nn.BatchNorm2d(4),
    new nn.ReLU({ inplace: true }),
    new nn.MaxPool2d(2, 2),
  )
  linear_layers = new nn.Sequential(new nn.Linear(200, 10))
  forward(x: Tensor<[number, 1, 28, 28]>) {
    const features = this.cnn_layers.forward(x)
    return this.linear_layers.forward(features.view([features.size(0), -1])) // expect: (0): Linear expects 200 features, got 196 in [?, 196]
  }
}

new nn.Linear(196, 10).forward(torch.rand([8, 200])) // expect: Linear expects 196 features, got 200 in [8, 200]
new nn.Linear(196, 10).forward(torch.tensor(1)) // expect: Linear expects [..., 196], got []
new nn.Conv2d(3, 8, 3).forward(gray) // expect: Conv2d expects 3 channels, got 1 in [64, 1, 28, 28]
new nn.Conv2d(1, 8, 3).forward(torch.rand([28, 28])) // expect: Conv2d expects [N, 1, H, W] or [1, H, W], got [28, 28]
new nn.Conv2d(1, 8, 3).forward(torch.rand([60000, 28, 28])) // expect: Conv2d expects 1 channels, got 60000
new nn.Conv2d(1, 8, 31).forward(gray) // expect: Conv2d: a kernel of 31 by 31 does not fit an input of 28 by 28
new nn.MaxPool2d(30).forward(gray) // expect: MaxPool2d: a kernel of 30 by 30 does not fit
new nn.MaxPool2d(2).forward(torch.rand([4])) // expect: MaxPool2d expects [N, C, H, W] or [C, H, W], got [4]
new nn.BatchNorm2d(8).forward(batch) // expect: BatchNorm2d expects 8 channels, got 1 in [?, 1, 28, 28]
new nn.BatchNorm2d(8).forward(torch.rand([8, 8])) // expect: BatchNorm2d expects [N, 8, H, W], got [8, 8]
new nn.Flatten(5).forward(gray) // expect: flatten: dimension 5 is out of range for [64, 1, 28, 28]
new nn.Softmax(4).forward(gray) // expect: Softmax: dimension 4 is out of range
new nn.Sequential(new nn.Conv2d(1, 16, 3), new nn.ReLU(), new nn.Conv2d(8, 16, 3)).forward(gray) // expect: (2): Conv2d expects 8 channels, got 16
new nn.Sequential(new nn.Sequential(new nn.ReLU(), new nn.BatchNorm2d(2)), new nn.ReLU()).forward(gray) // expect: (0): (1): BatchNorm2d expects 2 channels, got 1
new nn.Sequential(new nn.MaxPool2d(2, { returnIndices: true }), new nn.ReLU()).forward(gray) // expect: (0): MaxPool2d with returnIndices gives two tensors
new nn.Sequential(new nn.Flatten(), new Net()).forward(gray) // expect: (1): the module's forward takes [?, 1, 28, 28], got [64, 784]
new nn.Sequential(new nn.ReLU(), new nn.CrossEntropyLoss()).forward(gray) // expect: (1): a loss takes an input and a target

const wide = new nn.Sequential(new nn.Conv2d(1, 4, 3), new nn.Flatten(), new nn.Linear(2704, 10)).forward(gray)
export const wrong: Tensor<[64, 11]> = wide // expect: Type '10' is not assignable to type '11'
export const dtype: Tensor<[64, 10], 'float64'> = wide // expect: Type '"float32"' is not assignable to type '"float64"'
new Net().forward(torch.rand([64, 3, 28, 28])) // expect: Type '3' is not assignable to type '1'
new Net().forward(torch.rand([60000, 28, 28])) // expect: [60000, 28, 28]
export const weight: Tensor<[4, 10]> = new nn.Linear(10, 5).weight // expect: Type '5' is not assignable to type '4'
nn.init.xavierUniform_(new nn.Linear(4, 8).bias!) // expect: a tensor of 2 or more dimensions is needed, got [8]
nn.init.eye_(torch.rand([2, 3, 4])) // expect: a tensor of 2 dimensions is needed, got [2, 3, 4]
nn.init.dirac_(torch.rand([2, 3])) // expect: a tensor of 3, 4 or 5 dimensions is needed, got [2, 3]
nn.init.kaimingUniform_(torch.rand([2, 3]), { mode: 'fan_inn' }) // expect: '"fan_inn"' is not assignable
nn.utils.clipGradNorm_(3, 1) // expect: Argument of type 'number' is not assignable
new nn.ModuleDict({ relu: new nn.ReLU() }).get('rel') // expect: '"rel"' is not assignable
new nn.ModuleDict({ wide: new nn.Linear(4, 8) }).get('wide').forward(torch.rand([2, 5])) // expect: Linear expects 4 features, got 5 in [2, 5]
new nn.ModuleDict({ relu: torch.rand([2]) }) // expect: is missing the following properties from type 'Module'
