// Spatial and normalising layers that do not fit their input.
import { nn, type Tensor, torch } from '../torch'

declare const line: Tensor<[8, 4, 50], 'float32'>
declare const image: Tensor<[8, 4, 6, 7], 'float32'>
declare const volume: Tensor<[number, 4, 6, 7, 8], 'float32'>

new nn.Conv1d(3, 8, 3).forward(line) // expect: Conv1d expects 3 channels, got 4 in [8, 4, 50]
new nn.Conv1d(4, 8, 3).forward(image) // expect: Conv1d expects [N, 4, L] or [4, L], got [8, 4, 6, 7]
new nn.Conv1d(4, 8, 51).forward(line) // expect: Conv1d: a kernel of 51 does not fit an input of 50
new nn.Conv1d(4, 8, [3, 3]) // expect: is not assignable
new nn.Conv3d(3, 8, 3).forward(volume) // expect: Conv3d expects 3 channels, got 4 in [?, 4, 6, 7, 8]
new nn.Conv3d(4, 8, [1, 8, 1]).forward(volume) // expect: Conv3d: a kernel of 1 by 8 by 1 does not fit an input of 6 by 7 by 8
new nn.ConvTranspose2d(3, 8, 3).forward(image) // expect: ConvTranspose2d expects 3 channels, got 4 in [8, 4, 6, 7]
new nn.ConvTranspose1d(4, 8, 3).forward(torch.rand([4])) // expect: ConvTranspose1d expects [N, 4, L] or [4, L], got [4]
new nn.Sequential(new nn.Conv1d(4, 8, 3), new nn.ConvTranspose1d(4, 8, 3)).forward(line) // expect: (1): ConvTranspose1d expects 4 channels, got 8 in [8, 8, 48]
nn.functional.conv1d(line, torch.rand([6, 3, 3])) // expect: Conv1d expects 3 channels, got 4
nn.functional.convTranspose2d(image, torch.rand([3, 6, 3, 3])) // expect: ConvTranspose2d expects 3 channels, got 4

new nn.BatchNorm1d(8).forward(line) // expect: BatchNorm1d expects 8 channels, got 4 in [8, 4, 50]
new nn.BatchNorm1d(4).forward(image) // expect: BatchNorm1d expects [N, 4] or [N, 4, L], got [8, 4, 6, 7]
new nn.BatchNorm3d(4).forward(image) // expect: BatchNorm3d expects [N, 4, D, H, W], got [8, 4, 6, 7]
new nn.LayerNorm(4).forward(line) // expect: LayerNorm expects the last dimensions [4], got [8, 4, 50]
new nn.LayerNorm([4, 51]).forward(line) // expect: LayerNorm expects the last dimensions [4, 51], got [8, 4, 50]
new nn.RMSNorm([8, 4, 50, 1]).forward(line) // expect: RMSNorm expects the last dimensions [8, 4, 50, 1], got [8, 4, 50]
new nn.GroupNorm(2, 6).forward(volume) // expect: GroupNorm expects 6 channels, got 4 in [?, 4, 6, 7, 8]
new nn.GroupNorm(2, 6).forward(torch.rand([6])) // expect: GroupNorm expects [N, 6, ...], got [6]
new nn.InstanceNorm2d(3).forward(image) // expect: InstanceNorm2d expects 3 channels, got 4 in [8, 4, 6, 7]
new nn.InstanceNorm1d(4).forward(image) // expect: InstanceNorm1d expects [N, 4, L] or [4, L], got [8, 4, 6, 7]
new nn.Dropout1d({ q: 1 }) // expect: 'q' does not exist
nn.functional.layerNorm(line, [4]) // expect: layerNorm expects the last dimensions [4], got [8, 4, 50]

new nn.MaxPool1d(51).forward(line) // expect: MaxPool1d: a kernel of 51 does not fit an input of 50
new nn.MaxPool3d(2).forward(line) // expect: MaxPool3d expects [N, C, D, H, W] or [C, D, H, W], got [8, 4, 50]
new nn.MaxPool3d(2, { strides: 1 }).forward(volume) // expect: 'strides' does not exist
new nn.Sequential(new nn.MaxPool1d(2, { returnIndices: true }), new nn.ReLU()).forward(line) // expect: (0): MaxPool1d with returnIndices gives two tensors
new nn.Sequential(new nn.MaxUnpool1d(2)).forward(line) // expect: (0): MaxUnpool1d takes an input and the indices of a max pool
new nn.MaxUnpool1d(2).forward(line, line) // expect: '"float32"' is not assignable to type '"int64"'
new nn.AvgPool1d(2, { divisorOverride: 2 }) // expect: 'number' is not assignable to type 'undefined'
new nn.AvgPool2d([2, 8]).forward(image) // expect: AvgPool2d: a kernel of 2 by 8 does not fit an input of 6 by 7
new nn.LPPool2d(2, 3).forward(torch.rand([4, 4])) // expect: LPPool2d expects [N, C, H, W] or [C, H, W], got [4, 4]
new nn.AdaptiveAvgPool2d([2, 3, 4]).forward(image) // expect: is not assignable
new nn.AdaptiveAvgPool2d(2).forward(volume) // expect: AdaptiveAvgPool2d expects [N, C, H, W] or [C, H, W], got [?, 4, 6, 7, 8]
new nn.Sequential(new nn.AdaptiveAvgPool2d([null, 2]), new nn.Flatten(), new nn.Linear(50, 2)).forward(image) // expect: (2): Linear expects 50 features, got 48 in [8, 48]
new nn.FractionalMaxPool2d(2, 3).forward(line.at(0)) // expect: FractionalMaxPool2d expects [N, C, H, W] or [C, H, W], got [4, 50]

new nn.ReflectionPad2d(1).forward(line.at(0)) // expect: ReflectionPad2d expects [N, C, H, W] or [C, H, W], got [4, 50]
new nn.ZeroPad2d([1, 2, 3]) // expect: is not assignable
new nn.ConstantPad3d(1, 0).forward(torch.rand([2, 3])) // expect: ConstantPad3d expects at least 3 dimensions, got [2, 3]
new nn.ConstantPad1d(1) // expect: is not assignable
new nn.Upsample({ scaleFactor: 2, mode: 'cubic' }) // expect: '"cubic"' is not assignable
new nn.Upsample(4).forward(torch.rand([2, 3])) // expect: Upsample expects [N, C, ...] of 3 to 5 dimensions, got [2, 3]
new nn.UpsamplingNearest2d(4).forward(line) // expect: UpsamplingNearest2d expects [N, C, ...] of 4 dimensions, got [8, 4, 50]
new nn.PixelShuffle(3).forward(image) // expect: PixelShuffle: 4 channels are no multiple of 3 squared in [8, 4, 6, 7]
new nn.PixelUnshuffle(2).forward(image) // expect: PixelUnshuffle: 6 by 7 is no multiple of 2 in [8, 4, 6, 7]
new nn.ChannelShuffle(3).forward(image) // expect: ChannelShuffle: 3 groups do not divide 4 channels in [8, 4, 6, 7]
new nn.Unfold(8).forward(image) // expect: Unfold: a kernel of 8 by 8 does not fit an input of 6 by 7
new nn.Fold([5, 6], 2).forward(torch.rand([2, 12, 21])) // expect: Fold expects 20 patches, got 21 in [2, 12, 21]
new nn.Fold([5, 6], 2).forward(torch.rand([2, 13, 20])) // expect: Fold: 13 channels are no multiple of a patch's 4 in [2, 13, 20]
new nn.Unflatten(1, [3, 2]).forward(image) // expect: Unflatten: [3, 2] does not make 4 of [8, 4, 6, 7]
new nn.Unflatten(4, [2, 2]).forward(image) // expect: Unflatten: dimension 4 is out of range for [8, 4, 6, 7]
nn.functional.gridSample(image, torch.rand([7, 2, 2, 2])) // expect: gridSample: a grid of 7 for a batch of 8
nn.functional.gridSample(image, torch.rand([8, 2, 2, 2, 3])) // expect: gridSample: a grid [8, 2, 2, 2, 3] does not fit [8, 4, 6, 7]
