/** A device: `'cpu'`, `'cuda'`, `'cuda:1'`, and whatever else libtorch names. */
export type Device = 'cpu' | 'cuda' | `cuda:${number}` | 'meta' | (string & {})
