import { blank, finish, type Handle, NO_HANDLE, slotIfHandle } from '../core/handle'
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

/** The arguments that were given: without the undefined ones at the end. */
function trimmed(...args: unknown[]): unknown[] {
  let count = args.length
  while (count > 1 && args[count - 1] === undefined) count--
  return args.slice(0, count)
}

/** An operator of one tensor; what else it takes has a default. */
function unary(name: string, overload = ''): void {
  let call: Native | undefined
  hot.set(name, (self, a, b, c) => {
    const slot = slotIfHandle(self)
    if (slot === NO_HANDLE || a !== undefined || b !== undefined || c !== undefined) {
      return callPublic(`aten::${name}`, trimmed(self, a, b, c))
    }
    call ??= native(name, overload)
    const result = blank()
    return finish(result, call(slot, result))
  })
}

/** The same in place: the result is the argument. */
function unaryInPlace(name: string): void {
  let call: Native | undefined
  hot.set(name, (self, a, b, c) => {
    const slot = slotIfHandle(self)
    if (slot === NO_HANDLE || a !== undefined || b !== undefined || c !== undefined) {
      return callPublic(`aten::${name}`, trimmed(self, a, b, c))
    }
    call ??= native(name, '')
    call(slot)
    return self
  })
}

const NUMBER_SECOND = 0b10

/**
 * An operator of two tensors, or a tensor and a number, without further arguments in the plain call. `scalar` is its
 * overload for numbers; where there is none, a number stands for a tensor.
 */
function binary(name: string, overload: string, scalar?: string): void {
  let ofTensors: Native | undefined
  let ofNumber: Native | undefined
  hot.set(name, (self, other, b, c) => {
    const slot = slotIfHandle(self)
    if (slot !== NO_HANDLE && b === undefined && c === undefined) {
      if (typeof other === 'number') {
        ofNumber ??= scalar === undefined ? native(name, overload, NUMBER_SECOND) : native(name, scalar)
        const result = blank()
        return finish(result, ofNumber(slot, other, result))
      }
      const second = slotIfHandle(other)
      if (second !== NO_HANDLE) {
        ofTensors ??= native(name, overload)
        const result = blank()
        return finish(result, ofTensors(slot, second, result))
      }
    }
    return callPublic(`aten::${name}`, trimmed(self, other, b, c))
  })
}

/** The same in place. */
function binaryInPlace(name: string): void {
  let ofTensors: Native | undefined
  let ofNumber: Native | undefined
  hot.set(name, (self, other, b, c) => {
    const slot = slotIfHandle(self)
    if (slot !== NO_HANDLE && b === undefined && c === undefined) {
      const second = slotIfHandle(other)
      if (typeof other === 'number') {
        ofNumber ??= native(name, 'Scalar')
        ofNumber(slot, other)
        return self
      }
      if (second !== NO_HANDLE) {
        ofTensors ??= native(name, 'Tensor')
        ofTensors(slot, second)
        return self
      }
    }
    return callPublic(`aten::${name}`, trimmed(self, other, b, c))
  })
}

/** An operator of exactly two tensors; with `alone`, of one as well. */
function pair(name: string): void {
  let call: Native | undefined
  hot.set(name, (self, other, b, c) => {
    const slot = slotIfHandle(self)
    const second = slotIfHandle(other)
    if (slot === NO_HANDLE || second === NO_HANDLE || b !== undefined || c !== undefined) {
      return callPublic(`aten::${name}`, trimmed(self, other, b, c))
    }
    call ??= native(name, '')
    const result = blank()
    return finish(result, call(slot, second, result))
  })
}

/** An operator of exactly three tensors. */
function triple(name: string, overload: string): void {
  let call: Native | undefined
  hot.set(name, (self, a, b, c) => {
    const slot = slotIfHandle(self)
    const second = slotIfHandle(a)
    const third = slotIfHandle(b)
    if (slot === NO_HANDLE || second === NO_HANDLE || third === NO_HANDLE || c !== undefined) {
      return callPublic(`aten::${name}`, trimmed(self, a, b, c))
    }
    call ??= native(name, overload)
    const result = blank()
    return finish(result, call(slot, second, third, result))
  })
}

/** An operator of a tensor and an array of integers: a shape, or dimensions. */
function shaped(name: string): void {
  let call: Native | undefined
  hot.set(name, (self, shape, b, c) => {
    const slot = slotIfHandle(self)
    if (slot !== NO_HANDLE && b === undefined && c === undefined && Array.isArray(shape)) {
      beginEncoding()
      const count = encodeInts(shape)
      if (typeof count === 'number') {
        call ??= native(name, '')
        const result = blank()
        return finish(result, call(slot, count, result))
      }
    }
    return callPublic(`aten::${name}`, trimmed(self, shape, b, c))
  })
}

/** An operator of a tensor and one integer; `alone` is its overload without one. */
function withInteger(name: string, overload: string, alone?: string): void {
  let call: Native | undefined
  let callAlone: Native | undefined
  hot.set(name, (self, a, b, c) => {
    const slot = slotIfHandle(self)
    if (slot !== NO_HANDLE && b === undefined && c === undefined) {
      if (Number.isSafeInteger(a)) {
        call ??= native(name, overload)
        const result = blank()
        return finish(result, call(slot, a, result))
      }
      if (a === undefined && alone !== undefined) {
        callAlone ??= native(name, alone)
        const result = blank()
        return finish(result, callAlone(slot, result))
      }
    }
    return callPublic(`aten::${name}`, trimmed(self, a, b, c))
  })
}

/** An operator of a tensor and two integers. */
function withIntegers(name: string, overload: string): void {
  let call: Native | undefined
  hot.set(name, (self, a, b, c) => {
    const slot = slotIfHandle(self)
    if (slot !== NO_HANDLE && c === undefined && Number.isSafeInteger(a) && Number.isSafeInteger(b)) {
      call ??= native(name, overload)
      const result = blank()
      return finish(result, call(slot, a, b, result))
    }
    return callPublic(`aten::${name}`, trimmed(self, a, b, c))
  })
}

/** A reduction over everything, or over one dimension. */
function reduction(name: string, overDimensions: string): void {
  let whole: Native | undefined
  let one: Native | undefined
  hot.set(name, (self, dim, b, c) => {
    const slot = slotIfHandle(self)
    if (slot !== NO_HANDLE && b === undefined && c === undefined) {
      if (dim === undefined) {
        whole ??= native(name, '')
        const result = blank()
        return finish(result, whole(slot, result))
      }
      if (Number.isSafeInteger(dim)) {
        one ??= native(name, overDimensions)
        binding.scratch[0] = dim as number
        const result = blank()
        return finish(result, one(slot, 1, result))
      }
    }
    return callPublic(`aten::${name}`, trimmed(self, dim, b, c))
  })
}

let empty: Native | undefined
/** `torch.empty(size)` without options. */
export function emptyOfSize(size: readonly unknown[]): Handle | undefined {
  beginEncoding()
  const count = encodeInts(size)
  if (typeof count !== 'number') return undefined
  empty ??= native('empty', 'memory_format')
  const result = blank()
  return finish(result, empty(count, result))
}

const UNARY = 'relu exp log sqrt abs neg sigmoid tanh sin cos rsqrt square gelu silu detach t clone contiguous argmax'
const IN_PLACE = 'relu_ exp_ sigmoid_ tanh_ zero_ neg_ sqrt_'
for (const name of UNARY.split(' ')) unary(name)
for (const name of IN_PLACE.split(' ')) unaryInPlace(name)
for (const name of ['add', 'sub', 'mul', 'div']) {
  binary(name, 'Tensor')
  binaryInPlace(`${name}_`)
}
for (const name of ['eq', 'gt', 'lt']) binary(name, 'Tensor', 'Scalar')
for (const name of ['matmul', 'mm', 'bmm', 'maximum', 'minimum']) pair(name)
for (const name of ['view', 'reshape', 'permute', 'expand']) shaped(name)
triple('linear', '')
triple('addmm', '')
triple('where', 'self')
reduction('sum', 'dim_IntList')
reduction('mean', 'dim')
withInteger('softmax', 'int')
withInteger('log_softmax', 'int')
withInteger('unsqueeze', '')
withInteger('squeeze', 'dim', '')
withIntegers('transpose', 'int')
withIntegers('select', 'int')
withIntegers('flatten', 'using_ints')

/** The fast face of an operator, where it has one. */
export function hotOperator(name: string): Hot | undefined {
  return hot.get(name)
}

/** The operators that have one. */
export function hotOperators(): string[] {
  return [...hot.keys()]
}
