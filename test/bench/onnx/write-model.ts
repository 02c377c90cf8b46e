/**
 * Writes the article's network in eval mode as an ONNX model, and beside it an input with the outputs that it must give.
 * The weights are those that predict.ts has: the same seed.
 *
 *   node write-model.js <folder whose node_modules has protobufjs> <model file>
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import * as torch from '../../../src'
import { root } from '../root'

const FLOAT = 1 // TensorProto.DataType
const IR_VERSION = 8
const OPSET = 13

/** What is used of protobufjs, which is not a package of ours. */
interface Protobuf {
  parse(
    source: string,
    options: { keepCase: boolean },
  ): {
    root: {
      lookupType(name: string): { fromObject(object: object): object; encode(message: object): { finish(): Buffer } }
    }
  }
}

type Attribute = { name: string; type: 'INT' | 'INTS'; i?: number; ints?: number[] }
const int = (name: string, i: number): Attribute => ({ name, type: 'INT', i })
const ints = (name: string, ...ints: number[]): Attribute => ({ name, type: 'INTS', ints })

/** Nodes one after the other, each fed by the one before it and by its weights. */
function chain(layers: readonly (readonly [string, string[], Attribute[]])[]) {
  return layers.map(([op_type, weights, attribute], i) => ({
    op_type,
    name: `node${i}`,
    input: [i === 0 ? 'x' : `h${i}`, ...weights],
    output: [i === layers.length - 1 ? 'y' : `h${i + 1}`],
    attribute,
  }))
}

function block(at: number) {
  const of = (layer: number, ...names: string[]) => names.map(name => `cnn_layers.${layer}.${name}`)
  return [
    ['Conv', of(at, 'weight', 'bias'), [ints('kernel_shape', 2, 2), ints('strides', 1, 1), ints('pads', 1, 1, 1, 1)]],
    ['BatchNormalization', of(at + 1, 'weight', 'bias', 'running_mean', 'running_var'), []],
    ['Relu', [], []],
    ['MaxPool', [], [ints('kernel_shape', 2, 2), ints('strides', 2, 2)]],
  ] as const satisfies [string, string[], Attribute[]][]
}

function floats(name: string, ...dims: (number | string)[]) {
  const dim = dims.map(value => (typeof value === 'string' ? { dim_param: value } : { dim_value: value }))
  return { name, type: { tensor_type: { elem_type: FLOAT, shape: { dim } } } }
}

function model(net: torch.Net) {
  const weights = Object.entries(net.stateDict()).filter(([, tensor]) => (tensor as torch.Tensor).dtype === 'float32')
  return {
    ir_version: IR_VERSION,
    producer_name: 'libtorch-node',
    opset_import: [{ domain: '', version: OPSET }],
    graph: {
      name: 'Net',
      node: chain([
        ...block(0),
        ...block(4),
        ['Flatten', [], [int('axis', 1)]],
        ['Gemm', ['linear_layers.0.weight', 'linear_layers.0.bias'], [int('transB', 1)]],
      ]),
      initializer: weights.map(([name, tensor]) => ({
        name,
        dims: [...(tensor as torch.Tensor).shape],
        data_type: FLOAT,
        raw_data: Buffer.from((tensor as torch.Tensor).bytes()),
      })),
      input: [floats('x', 'N', 1, 28, 28)],
      output: [floats('y', 'N', 10)],
    },
  }
}

function main([runtime, file]: string[]): void {
  const protobuf = createRequire(path.join(runtime!, 'package.json'))('protobufjs') as Protobuf
  const schema = readFileSync(path.join(root, 'test', 'bench', 'onnx', 'onnx.proto'), 'utf8')
  const Model = protobuf.parse(schema, { keepCase: true }).root.lookupType('onnx.ModelProto')
  torch.manualSeed(0)
  const net = new torch.Net()
  net.eval()
  writeFileSync(file!, Model.encode(Model.fromObject(model(net))).finish())
  const x = torch.rand([2, 1, 28, 28])
  const y = torch.noGrad(() => net.forward(x))
  const check = { x: x.flatten().tolist(), y: y.flatten().tolist() }
  writeFileSync(`${file}.json`, JSON.stringify(check))
}

main(process.argv.slice(2))
