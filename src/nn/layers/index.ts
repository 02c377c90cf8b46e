export { type AdaptiveLogSoftmaxOptions, AdaptiveLogSoftmaxWithLoss } from './adaptive-log-softmax'
export {
  AdaptiveAvgPool1d,
  AdaptiveAvgPool2d,
  AdaptiveAvgPool3d,
  AdaptiveMaxPool1d,
  AdaptiveMaxPool2d,
  AdaptiveMaxPool3d,
} from './adaptive-pool'
export { AvgPool1d, AvgPool2d, AvgPool3d } from './avg-pool'
export { BatchNorm1d, BatchNorm3d } from './batch-norm-nd'
export { BatchNorm2d, type BatchNorm2dOptions } from './batch-norm2d'
export { AlphaDropout, Dropout1d, Dropout2d, Dropout3d, FeatureAlphaDropout } from './channel-dropouts'
export { CircularPad1d, CircularPad2d, CircularPad3d } from './circular-pad'
export { Conv1d, Conv3d, type ConvNdOptions } from './conv-nd'
export type { ConvTransposeNdOptions } from './conv-transpose'
export { ConvTranspose1d, ConvTranspose2d, ConvTranspose3d } from './conv-transposes'
export { Conv2d, type Conv2dOptions } from './conv2d'
export type { ConvPaddingMode } from './convolution'
export { CrossEntropyLoss, type CrossEntropyLossOptions } from './cross-entropy-loss'
export { CrossMapLRN2d } from './cross-map-lrn2d'
export { Dropout, type DropoutOptions } from './dropout'
export { Flatten, type FlattenOptions } from './flatten'
export { Fold, Unflatten, Unfold } from './fold'
export { FractionalMaxPool2d, FractionalMaxPool3d } from './fractional-max-pool'
export { GroupNorm, type GroupNormOptions } from './group-norm'
export { Identity } from './identity'
export { InstanceNorm1d, InstanceNorm2d, InstanceNorm3d } from './instance-norm'
export { LayerNorm, type LayerNormLayerOptions, RMSNorm, type RMSNormOptions } from './layer-norm'
export { Linear, type LinearOptions } from './linear'
export { LocalResponseNorm, type LocalResponseNormOptions } from './local-response-norm'
export { LPPool1d, LPPool2d, LPPool3d } from './lp-pool'
export { MaxPool1d, MaxPool3d } from './max-pool-nd'
export { MaxPool2d, type MaxPool2dOptions, type Pooled } from './max-pool2d'
export { MaxUnpool1d, MaxUnpool2d, MaxUnpool3d } from './max-unpool'
export type { NormOptions } from './norm-base'
export {
  ConstantPad1d,
  ConstantPad2d,
  ConstantPad3d,
  type Sides,
  ZeroPad1d,
  ZeroPad2d,
  ZeroPad3d,
} from './padding'
export { ReflectionPad1d, ReflectionPad2d, ReflectionPad3d } from './reflection-pad'
export { ReLU, type ReLUOptions } from './relu'
export { ReplicationPad1d, ReplicationPad2d, ReplicationPad3d } from './replication-pad'
export * from './sequence-layers'
export type { FactoryOptions } from './shape-layer'
export { ChannelShuffle, PixelShuffle, PixelUnshuffle } from './shuffle'
export { Softmax, type SoftmaxOptions } from './softmax'
export { Upsample, type UpsampleOptions, UpsamplingBilinear2d, UpsamplingNearest2d } from './upsample'
