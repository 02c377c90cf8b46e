import calls from './calls'
import compileEpoch from './compile-epoch'
import compileImages from './compile-images'
import compileLenet from './compile-lenet'
import compilePredict from './compile-predict'
import compileStep from './compile-step'
import compileVgg from './compile-vgg'
import delay from './delay'
import epoch from './epoch'
import gpuEpoch from './gpu-epoch'
import gpuPredict from './gpu-predict'
import gpuStep from './gpu-step'
import lenet from './lenet'
import load from './load'
import perceptron from './perceptron'
import predict from './predict'
import resnet from './resnet'
import scalingBatch from './scaling-batch'
import scalingImages from './scaling-images'
import step from './step'

/** Every benchmark, in the order in which they run and are shown. */
export const benchmarks = [
  epoch,
  step,
  predict,
  calls,
  lenet,
  resnet,
  perceptron,
  load,
  delay,
  scalingImages,
  scalingBatch,
  compileEpoch,
  compileStep,
  compileLenet,
  compileVgg,
  compilePredict,
  compileImages,
  gpuEpoch,
  gpuStep,
  gpuPredict,
]
