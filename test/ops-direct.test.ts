/** The operators that are called without boxing, and those with arguments encoded by hand: the general way is the reference. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { adopt, blank, finish, slotOf } from '../src/core/handle'
import * as torch from '../src/index'
import type { SchemaValue } from '../src/native/binding'
import { binding } from '../src/native/load'
import { type Hot, hotOperator, hotOperators } from '../src/ops/hot'
import { callPublic } from '../src/ops/resolve'

torch.manualSeed(0)
const FLOAT = 6 // the code of float32
const DOUBLE = 7

/** Fresh tensors of many kinds, by name: operators in place must not see each other's. */
const TENSORS: Readonly<Record<string, () => torch.Tensor>> = (() => {
  const values = torch.rand([4, 4]).add(0.1)
  return {
    float32: () => values.clone(),
    float64: () => values.double(),
    int64: () => values.mul(10).long(),
    bool: () => values.gt(0.5),
    complex64: () => values.to('complex64') as torch.Tensor,
    float16: () => values.half(),
    transposed: () => values.clone().t(),
    'a leaf that requires grad': () => values.clone().requiresGrad_(),
    'a recorded one': () => values.clone().requiresGrad_().mul(1),
    'a view': () => values.clone().view([2, 8]).view([4, 4]),
    '1-d': () => values.clone().select(0, 1),
    '3-d': () => values.clone().reshape([1, 4, 4]),
    'one element': () => torch.tensor([[2.5]]),
    '0-d': () => torch.tensor(3),
    empty: () => torch.zeros([0, 4]),
    'of other sizes': () => torch.ones([3, 5]),
    sparse: () => callPublic('aten::to_sparse', [values]) as torch.Tensor,
  }
})()

const NO_TENSORS: readonly unknown[] = [undefined, null, 'x', {}, -1, 0, 1 << 21, 1.5, Number.NaN]
const SCALARS: readonly unknown[] = [
  undefined,
  null,
  2,
  2.5,
  -0,
  0,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  2 ** 60,
  true,
  3n,
  2n ** 64n,
  { re: 1, im: 2 },
  { re: 1 },
  'x',
  [],
]
const INTS: readonly unknown[] = [
  undefined,
  null,
  0,
  1,
  -1,
  99,
  -0,
  1n,
  2n ** 64n,
  0.5,
  2 ** 53,
  Number.NaN,
  true,
  'x',
  [],
]
const BOOLS: readonly unknown[] = [undefined, null, true, false, 1, 'x']

/** What an argument of a kind may be, right and wrong; lists of numbers are `[count, ...scratch]`. */
function valuesOf({ kind }: SchemaValue): readonly unknown[] {
  switch (kind.replace('?', '')) {
    case 'Scalar':
      return SCALARS
    case 'int':
      return INTS
    case 'bool':
      return BOOLS
    case 'int[]':
      return [[4, 4], [16], [-1], [1, 0], [0, 1], [2, 2, 4], [0], [], [1.5], [Number.NaN], [2 ** 60], [99]]
        .map(list => ({ scratch: list }))
        .concat([undefined, null, 'x', [4n, 4], [1, 'x'], 2000, -1] as never[])
    case 'ScalarType':
      return [undefined, null, FLOAT, DOUBLE, 4, 11, 999, -1, 'float64', true]
    case 'str':
      return [undefined, null, 'none', 'tanh', 'x', 1]
    default:
      return [undefined, null, 'cpu', 'strided', 'contiguous_format', 'channels_last', true, false, 1, 'x']
  }
}

/** Something that the argument may well be. */
function plainOf(name: string, { kind, name: argument }: SchemaValue): unknown {
  if (name === 'aten::bmm') return TENSORS['3-d']!
  if (kind === 'Tensor') return name === 'aten::where' && argument === 'condition' ? TENSORS.bool! : TENSORS.float32!
  if (kind === 'int[]') return { scratch: name === 'aten::permute' ? [1, 0] : [4, 4] }
  if (kind === 'Tensor[]') return [TENSORS.float32!, TENSORS.float32!]
  if (kind === 'int') return argument === 'index' ? 1 : 0
  if (kind === 'Scalar' || kind === 'Scalar?') return 0.5
  return undefined
}

interface Case {
  what: string
  args: unknown[]
}

/** One call after the other: each argument in turn is everything that it may be, the others plain. */
function casesOf(name: string, schema: readonly SchemaValue[], mask: number): Case[] {
  const plain = schema.map((argument, i) => ((mask >> i) & 1 ? 2.5 : plainOf(name, argument)))
  const cases: Case[] = [{ what: 'plain', args: plain }]
  const vary = (i: number, what: string, value: unknown) =>
    cases.push({ what: `${schema[i]!.name}: ${what}`, args: plain.map((other, k) => (k === i ? value : other)) })
  for (const [i, argument] of schema.entries()) {
    if ((mask >> i) & 1) {
      for (const value of SCALARS) vary(i, String(value), value)
      for (const [what, tensor] of Object.entries(TENSORS)) {
        for (const number of [2, 2.5, 1e300])
          cases.push({ what: `${what}, ${number}`, args: [tensor, number, ...plain.slice(2)] })
      }
    } else if (argument.kind === 'Tensor') {
      for (const [what, tensor] of Object.entries(TENSORS)) vary(i, what, tensor)
      for (const value of NO_TENSORS) vary(i, String(value), value)
    } else if (argument.kind === 'Tensor?') {
      for (const value of [
        undefined,
        null,
        'x',
        -1,
        TENSORS['1-d'],
        TENSORS.float32,
        TENSORS['a leaf that requires grad'],
      ])
        vary(i, String(value), value)
    } else if (argument.kind === 'Tensor[]') {
      for (const value of [
        undefined,
        null,
        'x',
        3,
        [],
        ['x'],
        [null],
        [-1],
        [TENSORS.float32, TENSORS.int64],
        [TENSORS.float32, TENSORS['of other sizes']],
        [TENSORS['a recorded one'], TENSORS.float32],
      ])
        vary(i, String(value), value)
    } else {
      for (const value of valuesOf(argument))
        vary(i, JSON.stringify(value, (_, v) => (typeof v === 'bigint' ? `${v}n` : v)) ?? 'undefined', value)
    }
  }
  // dtypes beside each other
  const [first, second] = schema
  if (first?.kind === 'Tensor' && second?.kind === 'Tensor' && mask === 0) {
    for (const [a, left] of Object.entries(TENSORS)) {
      for (const [b, right] of Object.entries(TENSORS))
        cases.push({ what: `${a} and ${b}`, args: [left, right, ...plain.slice(2)] })
    }
  }
  return cases
}

const described = (tensor: torch.Tensor, values: boolean): unknown => {
  const { shape, dtype, device, layout, requiresGrad, isLeaf, gradFn } = tensor
  const stored = layout === 'strided' && device === 'cpu'
  return {
    shape,
    dtype,
    device,
    layout,
    requiresGrad,
    isLeaf,
    gradFn,
    stride: stored ? tensor.stride() : null,
    version: binding.tensorVersion(slotOf(tensor)),
    bytes: stored && values ? Buffer.from(tensor.detach().bytes()).toString('hex') : null,
  }
}

type Outcome = { error: unknown } | { result: unknown; after: unknown }

/** What one call gives: its result and its first argument afterwards, or its error. */
function outcome(
  call: (...encoded: never[]) => unknown,
  fresh: boolean,
  args: readonly unknown[],
  values: boolean,
): Outcome {
  const made: torch.Tensor[] = []
  let at = 0
  const encode = (value: unknown): unknown => {
    if (typeof value === 'function') {
      const tensor = (value as () => torch.Tensor)()
      made.push(tensor)
      return slotOf(tensor)
    }
    if (Array.isArray(value)) return value.map(encode)
    const { scratch } = (value ?? {}) as { scratch?: number[] }
    if (scratch === undefined) return value
    for (const item of scratch) binding.scratch[at++] = item
    return scratch.length
  }
  try {
    const encoded = args.map(encode)
    let result: unknown
    if (fresh) {
      const handle = blank() as torch.Tensor
      const slot = call(...([...encoded, handle] as never[])) as number | null
      result = slot === null ? null : described(finish(handle, slot), values)
    } else {
      result = call(...(encoded as never[]))
    }
    return { result, after: made.map(tensor => described(tensor, true)) }
  } catch (error) {
    const { name, code, message, operator } = error as torch.TorchError
    return { error: { name, code, message, operator } }
  }
}

describe('an operator called without boxing does what its boxed call does', () => {
  const rows = binding.directRows()

  test('the table holds 75 rows and more, none twice', () => {
    assert.ok(rows.length >= 75, `${rows.length} rows`)
    assert.equal(new Set(rows.map(row => row.join(' '))).size, rows.length)
  })

  for (const [name, overload, mask] of rows) {
    test(`${name}${overload && `.${overload}`}${mask ? ' of a number' : ''}`, () => {
      const schema = binding.operatorSchema(name, overload)
      const typed = binding.operatorFunction(name, overload, mask)
      const boxed = binding.operatorFunction(name, overload, mask, true)
      assert.deepEqual([typed.oneFreshTensor, typed.aliases], [boxed.oneFreshTensor, boxed.aliases])
      const values = name !== 'aten::empty'
      let worked = 0
      let failed = 0
      for (const { what, args } of casesOf(name, schema.arguments, mask)) {
        // the arguments that are undefined at the end may be left out as well
        let needed = args.length
        while (needed > 0 && args[needed - 1] === undefined) needed--
        for (const [mode, run] of Object.entries(MODES)) {
          const expected = run(() => outcome(boxed.call, boxed.oneFreshTensor, args, values))
          for (const some of needed < args.length ? [args, args.slice(0, needed)] : [args]) {
            const actual = run(() => outcome(typed.call, typed.oneFreshTensor, some, values))
            assert.deepEqual(actual, expected, `${what}, ${mode}, ${some.length} arguments`)
            if (some === args) continue
            const left = run(() => outcome(boxed.call, boxed.oneFreshTensor, some, values))
            assert.deepEqual(left, expected, `boxed: ${what}, ${mode}, ${some.length} arguments`)
          }
          if ('error' in expected) failed++
          else worked++
        }
      }
      assert.ok(worked > 0 && failed > 0, `${worked} calls worked, ${failed} failed`)
    })
  }

  const MODES: Readonly<Record<string, (run: () => Outcome) => Outcome>> = {
    'with grad': run => run(),
    'without grad': run => torch.noGrad(run),
    'in inference mode': run => torch.inferenceMode(run),
  }

  test('gradients are those of the boxed call', () => {
    for (const [name, overload, mask] of rows) {
      const { arguments: schema, returns } = binding.operatorSchema(name, overload)
      if (schema[0]?.kind !== 'Tensor' || returns[0]!.writes) continue
      const gradients = [false, true].map(boxed => {
        const { call } = binding.operatorFunction(name, overload, mask, boxed)
        const leaf = TENSORS[name === 'aten::bmm' ? '3-d' : 'float32']!().requiresGrad_()
        const others = schema.slice(1).map((argument, i) => ((mask >> (i + 1)) & 1 ? 2.5 : plainOf(name, argument)))
        const kept: torch.Tensor[] = []
        const encoded = others.map(value => {
          if (typeof value === 'function') {
            kept.push((value as () => torch.Tensor)())
            return slotOf(kept[kept.length - 1]!)
          }
          const { scratch } = (value ?? {}) as { scratch?: number[] }
          scratch?.forEach((item, k) => {
            binding.scratch[k] = item
          })
          return scratch?.length ?? value
        })
        if (name === 'aten::where') return null
        const out = blank() as torch.Tensor
        finish(out, call(slotOf(leaf), ...encoded, out) as number)
        if (!out.requiresGrad) return null
        ;(out.mul(out).sum() as torch.Tensor).backward()
        return Buffer.from(leaf.grad!.bytes()).toString('hex')
      })
      assert.equal(gradients[0], gradients[1], `${name}.${overload}`)
    }
  })
})

describe('an operator with arguments encoded by hand does what its public call does', () => {
  const ARGUMENTS: Readonly<Record<string, () => unknown[]>> = {
    none: () => [],
    'a tensor': () => [TENSORS.float32!()],
    'a tensor of integers': () => [TENSORS.int64!()],
    'two tensors': () => [TENSORS.float32!(), TENSORS.float32!()],
    'two tensors, one a vector': () => [TENSORS.float32!(), TENSORS['1-d']!()],
    'three tensors': () => [TENSORS.float32!(), TENSORS.float32!(), TENSORS.float32!()],
    'a disposed tensor': () => {
      const gone = TENSORS.float32!()
      gone.dispose()
      return [gone]
    },
    'a whole number': () => [1],
    'a number': () => [2.5],
    'minus zero': () => [-0],
    'a bigint': () => [1n],
    'a boolean': () => [true],
    null: () => [null],
    'a string': () => ['none'],
    'a complex number': () => [{ re: 0, im: 1 }],
    'two numbers': () => [0, 1],
    'two numbers, one no integer': () => [0, 1.5],
    'three numbers': () => [0, 1, 1],
    'a shape': () => [[4, 4]],
    'a shape with bigints': () => [[4n, 4]],
    dimensions: () => [[1, 0]],
    'an empty array': () => [[]],
    'a number and a boolean': () => [0, true],
    options: () => [{ alpha: 2 }],
    'a number and options': () => [2, { alpha: 2 }],
    'a tensor and options': () => [TENSORS.float32!(), { alpha: 2 }],
    'dim by name': () => [{ dim: 1 }],
    'misspelt options': () => [{ alhpa: 2 }],
    'an object that is no tensor': () => [Object.create(torch.Tensor.prototype)],
    'a dtype': () => [{ dtype: 'float64' }],
  }
  const SELVES = [
    'float32',
    'int64',
    'bool',
    'complex64',
    '3-d',
    'a leaf that requires grad',
    'a recorded one',
    'empty',
  ]

  const tell = (call: (...args: unknown[]) => unknown, self: unknown, args: unknown[]): unknown => {
    try {
      const result = call(self, ...args)
      if (!torch.isTensor(result)) return Array.isArray(result) ? result.map(String) : result
      const told = described(result, true) as { gradFn: torch.GradFn | null }
      // 0 or 1 says whether a number went as a tensor, as from Python, or as a number
      return { same: result === self, ...told, gradFn: told.gradFn?.name.replace(/\d$/, '') }
    } catch (error) {
      const { name, code, message } = error as torch.TorchError
      assert.ok(error instanceof torch.TorchError, `${error}`)
      return { name, code, message: message.replace(/^aten::[\w.]+: /, '') }
    }
  }

  for (const name of hotOperators()) {
    test(name, () => {
      const hot: Hot = hotOperator(name)!
      for (const [what, args] of Object.entries(ARGUMENTS)) {
        for (const self of SELVES) {
          const given = args()
          const actual = tell(hot as never, TENSORS[self]!(), given)
          const expected = tell((...all) => callPublic(`aten::${name}`, all), TENSORS[self]!(), given)
          assert.deepEqual(actual, expected, `${self}, ${what}`)
        }
      }
      for (const self of [undefined, null, 2, 'x', {}, Object.create(torch.Tensor.prototype), new torch.Tensor()]) {
        const given = [TENSORS.float32!(), TENSORS.float32!()]
        for (const args of [[], given.slice(1), given, [[4, 4]], [0], [0, 1]]) {
          const actual = tell(hot as never, self, args) as { code?: string }
          const expected = tell((...all) => callPublic(`aten::${name}`, all), self, args) as { code?: string }
          assert.deepEqual(actual, expected, `${typeof self} and ${args.length} arguments`)
        }
      }
    })
  }

  test('too many arguments are refused by functions and methods alike', () => {
    const x = TENSORS.float32!() as never as Record<string, (...args: unknown[]) => unknown>
    const api = torch as never as Record<string, (...args: unknown[]) => unknown>
    for (const name of hotOperators()) {
      const many = [x, 1, 2, 3, 4, undefined, undefined]
      const method = x[name] ?? x[name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())]
      const fn = api[name]
      assert.ok(method ?? fn, name)
      for (const call of [method && (() => method.call(x, ...many)), fn && (() => fn(x, ...many))]) {
        if (call) assert.throws(call, { code: 'ERR_INVALID_ARG_TYPE' }, name)
      }
    }
  })

  test('in a scope, and where the result is adopted, the handles are freed as ever', () => {
    const x = TENSORS.float32!()
    const before = torch.memory.stats().tensors
    torch.tidy(() => {
      for (let i = 0; i < 5000; i++) x.add(x).relu().sum()
    })
    assert.ok(torch.memory.stats().tensors <= before)
    assert.equal(adopt<torch.Tensor>(binding.tensorDuplicate(slotOf(x))).equal(x), true)
  })
})
