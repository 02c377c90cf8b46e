import { benchmark } from '../benchmark'
import predict, { measurePredict, type PredictArguments } from './predict'

export default benchmark<PredictArguments>({
  name: 'compile-predict',
  title: 'Compiled: a prediction (article)',
  short: 'Prediction, compiled',
  about: `As \`predict\`, by the \`forward\` of \`compile(net)\`, on one thread. onnxruntime-node has the same weights.`,
  threads: 1,
  noBars: true,
  onlyAll: true,
  cases: size => predict.cases(size) as { name: string; args: PredictArguments }[],
  compiled: args => measurePredict(args, true),
  here: args => measurePredict(args),
  python: 'predict.py',
  inductor: true,
  onnx: 'predict-onnx',
})
