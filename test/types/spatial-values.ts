// The same as values.ts, of the spatial and normalising layers.
import * as torch from '../../src'
import { nn } from '../../src'

const line = torch.rand([2, 4, 9])
const image = torch.rand([2, 4, 6, 8])
const volume = torch.rand([2, 4, 6, 5, 4])
const F = nn.functional
export const spatialValues = {
  Conv1d: () => new nn.Conv1d(4, 6, 3).forward(line),
  'Conv1d, all': () => new nn.Conv1d(4, 6, 3, 2, 1, 2, 2, false, 'circular').forward(line),
  'Conv1d, unbatched': () => new nn.Conv1d(4, 6, { kernelSize: [2], padding: 'same' }).forward(line.at(0)),
  'Conv1d, mixed': () => new nn.Conv1d(4, 6, 3, 2, { padding: 1 }).forward(line),
  Conv3d: () => new nn.Conv3d(4, 2, [1, 2, 3], [2, 1, 1], [0, 1, 1]).forward(volume),
  'Conv3d, options': () => new nn.Conv3d(4, { outChannels: 2, kernelSize: 3, dilation: 2, padding: 2 }).forward(volume),
  ConvTranspose1d: () => new nn.ConvTranspose1d(4, 6, 3, { stride: 2 }).forward(line),
  'ConvTranspose1d, size': () => new nn.ConvTranspose1d(4, 6, 3, { stride: 2 }).forward(line, [20]),
  ConvTranspose2d: () => new nn.ConvTranspose2d(4, 6, [3, 2], 2, 1, { outputPadding: [1, 0] }).forward(image),
  'ConvTranspose2d, dilated': () => new nn.ConvTranspose2d(4, 6, 3, 1, 0, 0, 2, true, 2).forward(image),
  'ConvTranspose2d, size': () => new nn.ConvTranspose2d(4, 6, 2, 2).forward(image, [2, 6, 13, 17]),
  ConvTranspose3d: () => new nn.ConvTranspose3d(4, 1, 2, { stride: 2 }).forward(volume),
  conv1d: () => F.conv1d(line, torch.rand([6, 4, 3]), null, 2, 1),
  'conv1d, groups': () => F.conv1d(line, torch.rand([6, 2, 3]), { groups: 2 }),
  conv3d: () => F.conv3d(volume, torch.rand([6, 4, 2, 2, 1]), { padding: [1, 0, 0] }),
  convTranspose1d: () => F.convTranspose1d(line, torch.rand([4, 3, 3]), null, 2, 1, 1, 2),
  convTranspose2d: () => F.convTranspose2d(image, torch.rand([4, 3, 3, 2]), { stride: [2, 1] }),
  BatchNorm1d: () => new nn.BatchNorm1d(4, 0.1, { affine: false }).forward(line),
  BatchNorm3d: () => new nn.BatchNorm3d(4).forward(volume),
  LayerNorm: () => new nn.LayerNorm(9).forward(line),
  'LayerNorm, two': () => new nn.LayerNorm([4, 9], { bias: false }).forward(line),
  RMSNorm: () => new nn.RMSNorm([9], { eps: 0.1 }).forward(line),
  GroupNorm: () => new nn.GroupNorm(2, 4, { affine: false }).forward(volume),
  InstanceNorm1d: () => new nn.InstanceNorm1d(4).forward(line.at(0)),
  InstanceNorm2d: () => new nn.InstanceNorm2d({ numFeatures: 4, affine: true }).forward(image),
  InstanceNorm3d: () => new nn.InstanceNorm3d(4).forward(volume),
  LocalResponseNorm: () => new nn.LocalResponseNorm(2, { k: 2 }).forward(image),
  Dropout1d: () => new nn.Dropout1d().forward(line),
  Dropout2d: () => new nn.Dropout2d(0.1, { inplace: true }).forward(image.clone()),
  Dropout3d: () => new nn.Dropout3d({ p: 0.2 }).forward(volume),
  AlphaDropout: () => new nn.AlphaDropout().forward(line),
  FeatureAlphaDropout: () => new nn.FeatureAlphaDropout().forward(line),
  layerNorm: () => F.layerNorm(line, [9], { eps: 0.1 }),
  rmsNorm: () => F.rmsNorm(line, [4, 9]),
  groupNorm: () => F.groupNorm(line, 2),
  instanceNorm: () => F.instanceNorm(line),
  localResponseNorm: () => F.localResponseNorm(image, 2, { beta: 1 }),
  normalize: () => F.normalize(line, 2, { dim: 0 }),
  dropout2d: () => F.dropout2d(image, 0.2, { inplace: false }),
  convTranspose3d: () => F.convTranspose3d(volume, torch.rand([4, 3, 2, 2, 2]), null, 1, 1),
}
