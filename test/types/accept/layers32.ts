// A Sequential of 32 layers.

import type { Equal } from '../equal'
import { nn, type Tensor, torch } from '../torch'

const deep = new nn.Sequential(
  new nn.Conv2d(3, 8, 3, 1, 1),
  new nn.BatchNorm2d(8),
  new nn.ReLU(),
  new nn.Conv2d(8, 16, 3),
  new nn.BatchNorm2d(16),
  new nn.ReLU(),
  new nn.MaxPool2d(2),
  new nn.Conv2d(16, 24, 3),
  new nn.BatchNorm2d(24),
  new nn.ReLU(),
  new nn.Conv2d(24, 32, 5, { stride: 2, padding: 2 }),
  new nn.BatchNorm2d(32),
  new nn.ReLU(),
  new nn.MaxPool2d(3, 2, 1),
  new nn.Conv2d(32, 40, 3),
  new nn.BatchNorm2d(40),
  new nn.ReLU(),
  new nn.Conv2d(40, 48, 3, { padding: 'same' }),
  new nn.BatchNorm2d(48),
  new nn.ReLU(),
  new nn.Conv2d(48, 56, 1),
  new nn.BatchNorm2d(56),
  new nn.ReLU(),
  new nn.MaxPool2d(2, 2),
  new nn.Flatten(),
  new nn.Dropout(),
  new nn.Linear(2016, 256),
  new nn.ReLU(),
  new nn.Linear(256, 64),
  new nn.Dropout(0.1),
  new nn.Linear(64, 10),
  new nn.Softmax(1),
)
const y = deep.forward(torch.rand([2, 3, 118, 118]))
export const seen: Equal<typeof y, Tensor<[2, 10], 'float32'>> = true
