import { BLUE, MUTED, ORANGE } from '../../../src/plots/draw'
import type { Side } from '../benchmark'

/** The colour of each side in every picture. */
export const COLORS: Record<Side, string> = { here: BLUE, python: MUTED, tuned: ORANGE, onnx: '#2b8a3e' }

/** The name of each side in every picture. */
export const LABELS: Record<Side, string> = {
  here: 'libtorch-node',
  python: 'Python',
  tuned: 'Python, glibc tuned',
  onnx: 'onnxruntime-node',
}
