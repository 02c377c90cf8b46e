import { blank, finish, type Handle, isHandle, slotOf } from '../core/handle'
import { binding } from '../native/load'
import { beginEncoding, encodeInts } from './encode'
import { callPublic } from './resolve'

/*
 * The operators of inner loops, with their arguments encoded by hand. Each takes its fast path only for the plainest
 * call and leaves everything else, wrong arguments included, to `callPublic`: same meaning, a fraction of the cost.
 */

type Native = (...encoded: unknown[]) => number
/** An operator by its first argument and the others; at most three, and never an explicit `undefined` too many. */
export type Hot = (self: Handle, a?: unknown, b?: unknown, c?: unknown) => unknown

const hot = new Map<string, Hot>()

function native(name: string, overload: string, numberMask = 0): Native {
  return binding.operatorFunction(`aten::${name}`, overload, numberMask).call as Native
}

/** An operator of one tensor. */
function unary(name: string): void {
  let call: Native | undefined
  hot.set(name, (self, a) => {
    if (a !== undefined || !isHandle(self)) return callPublic(`aten::${name}`, a === undefined ? [self] : [self, a])
    call ??= native(name, '')
    const result = blank()
    return finish(result, call(slotOf(self), result))
  })
}

/** The same in place: the result is the argument. */
function unaryInPlace(name: string): void {
  let call: Native | undefined
  hot.set(name, (self, a) => {
    if (a !== undefined || !isHandle(self)) return callPublic(`aten::${name}`, a === undefined ? [self] : [self, a])
    call ??= native(name, '')
    call(slotOf(self))
    return self
  })
}

const NUMBER_SECOND = 0b10

/** An operator of two tensors, or a tensor and a number, without further arguments in the plain call. */
function binary(name: string, overload: string, hasAlpha: boolean): void {
  let ofTensors: Native | undefined
  let ofNumber: Native | undefined
  hot.set(name, (self, other, b, c) => {
    if (b === undefined && isHandle(self)) {
      if (isHandle(other)) {
        ofTensors ??= native(name, overload)
        const result = blank()
        const slot = hasAlpha
          ? ofTensors(slotOf(self), slotOf(other), undefined, result)
          : ofTensors(slotOf(self), slotOf(other), result)
        return finish(result, slot)
      }
      if (typeof other === 'number') {
        ofNumber ??= native(name, overload, NUMBER_SECOND)
        const result = blank()
        const slot = hasAlpha ? ofNumber(slotOf(self), other, undefined, result) : ofNumber(slotOf(self), other, result)
        return finish(result, slot)
      }
    }
    return callPublic(`aten::${name}`, trimmed(self, other, b, c))
  })
}

/** An operator of exactly two tensors. */
function pair(name: string): void {
  let call: Native | undefined
  hot.set(name, (self, other, b, c) => {
    if (b === undefined && isHandle(self) && isHandle(other)) {
      call ??= native(name, '')
      const result = blank()
      return finish(result, call(slotOf(self), slotOf(other), result))
    }
    return callPublic(`aten::${name}`, trimmed(self, other, b, c))
  })
}

/** An operator of a tensor and a shape, called without boxing. */
function shaped(name: string, call: (slot: number, count: number, result: object) => number): void {
  hot.set(name, (self, shape, b, c) => {
    if (b === undefined && isHandle(self) && Array.isArray(shape)) {
      beginEncoding()
      const count = encodeInts(shape)
      if (typeof count === 'number') {
        const result = blank()
        return finish(result, call(slotOf(self), count, result))
      }
    }
    return callPublic(`aten::${name}`, trimmed(self, shape, b, c))
  })
}

/** `torch.empty(size)` without options. */
export function emptyOfSize(size: readonly unknown[]): Handle | undefined {
  beginEncoding()
  const count = encodeInts(size)
  if (typeof count !== 'number') return undefined
  const result = blank()
  return finish(result, binding.directEmpty(count, result))
}

/** The arguments that were given: without the undefined ones at the end. */
function trimmed(...args: unknown[]): unknown[] {
  let count = args.length
  while (count > 1 && args[count - 1] === undefined) count--
  return args.slice(0, count)
}

for (const name of [
  'relu',
  'exp',
  'log',
  'sqrt',
  'abs',
  'neg',
  'sigmoid',
  'tanh',
  'sin',
  'cos',
  'rsqrt',
  'detach',
  't',
]) {
  unary(name)
}
for (const name of ['relu_', 'exp_', 'sigmoid_', 'tanh_', 'zero_', 'neg_', 'sqrt_']) unaryInPlace(name)
for (const name of ['add', 'sub']) binary(name, 'Tensor', true)
for (const name of ['mul', 'div']) binary(name, 'Tensor', false)
for (const name of ['matmul', 'mm', 'bmm']) pair(name)
shaped('view', binding.directView)
shaped('reshape', binding.directReshape)

let linear: Native | undefined
hot.set('linear', (self, weight, bias, c) => {
  if (c === undefined && isHandle(self) && isHandle(weight) && isHandle(bias)) {
    linear ??= native('linear', '')
    const result = blank()
    return finish(result, linear(slotOf(self), slotOf(weight), slotOf(bias), result))
  }
  return callPublic('aten::linear', trimmed(self, weight, bias, c))
})

/** The fast face of an operator, where it has one. */
export function hotOperator(name: string): Hot | undefined {
  return hot.get(name)
}
