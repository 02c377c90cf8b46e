// Options that nobody reads, and arguments of the wrong kind.
import { nn } from '../torch'

new nn.Conv2d(1, 4, { kernel_size: 2 }) // expect: 'kernel_size' does not exist ... kernelSize
new nn.Conv2d(1, 4, { kernelSize: 2, paddng: 1 }) // expect: 'paddng' does not exist ... Did you mean to write 'padding'?
new nn.Conv2d(1, 4, 2, { strid: 1 }) // expect: 'strid' does not exist ... Did you mean to write 'stride'?
new nn.Conv2d(1, 4, 2, 1, { paddingmode: 'same' }) // expect: 'paddingmode' does not exist
new nn.Conv2d(1, 4, { kernelSize: 2, padding: 'full' }) // expect: '"full"' is not assignable
new nn.Conv2d(1, 4) // expect: Argument of type 'number' is not assignable to parameter of type '{ outChannels
new nn.Conv2d(1, 4, [2, 2, 2]) // expect: is not assignable
new nn.MaxPool2d(2, { strides: 2 }) // expect: 'strides' does not exist
new nn.Linear(4, 10, { bais: false }) // expect: 'bais' does not exist in type 'LinearOptions'
new nn.Linear('4', 10) // expect: Argument of type 'string' is not assignable
new nn.BatchNorm2d(4, { epsilon: 1 }) // expect: 'epsilon' does not exist
new nn.ReLU({ inPlace: true }) // expect: 'inPlace' does not exist ... Did you mean to write 'inplace'?
new nn.Dropout({ prob: 0.5 }) // expect: 'prob' does not exist
new nn.Softmax({ dims: 1 }) // expect: 'dims' does not exist
new nn.Flatten({ start: 1 }) // expect: 'start' does not exist
new nn.CrossEntropyLoss({ reduction: 'avg' }) // expect: '"avg"' is not assignable
new nn.CrossEntropyLoss({ ignoreindex: 1 }) // expect: 'ignoreindex' does not exist
new nn.Sequential(new nn.ReLU(), 5) // expect: Argument of type 'number' is not assignable to parameter of type 'Module'
