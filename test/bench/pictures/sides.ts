import { BLUE, MUTED, ORANGE } from '../../../src/plots/draw'
import type { Side } from '../benchmark'

/** The colour of each side in every picture. */
export const COLORS: Record<Side, string> = {
  compiled: '#9c36b5',
  here: BLUE,
  python: MUTED,
  tuned: ORANGE,
  inductor: '#c2a200',
  onnx: '#2b8a3e',
}

/** The name of each side in every picture. */
export const LABELS: Record<Side, string> = {
  compiled: 'libtorch-node, compiled',
  here: 'libtorch-node',
  python: 'Python',
  tuned: 'Python, glibc tuned',
  inductor: 'torch.compile',
  onnx: 'onnxruntime-node',
}
