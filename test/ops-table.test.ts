import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as torch from '../src/index'
import { findOverload, listOperators } from '../src/ops/registry'

const overloads = listOperators().map(full => {
  const dot = full.indexOf('.')
  return dot === -1 ? findOverload(full) : findOverload(full.slice(0, dot), full.slice(dot + 1))
})

/** `torch.ops.<namespace>.<name>.<overload>` of an operator, as users reach it. */
function callable(name: string, overload: string): (...args: unknown[]) => unknown {
  const [namespace, operator] = name.split('::') as [string, string]
  return torch.ops[namespace]![operator]![overload || 'default']!
}

test('every operator that libtorch registers is callable or refused by name, kind by kind', t => {
  const callableOnes = overloads.filter(({ supported }) => supported)
  const refused = overloads.filter(({ supported }) => !supported)
  const rows = new Map<string, [callable: number, refused: number]>()
  for (const { schema, supported } of overloads) {
    const values = [...schema.arguments, ...schema.returns]
    for (const kind of new Set(values.map(value => value.kind))) {
      const row = rows.get(kind) ?? [0, 0]
      row[supported ? 0 : 1]++
      rows.set(kind, row)
    }
  }
  t.diagnostic(`libtorch ${torch.version.libtorch}: ${overloads.length} overloads registered`)
  t.diagnostic(`${callableOnes.length} callable, ${refused.length} refused with ERR_UNSUPPORTED_TYPE`)
  t.diagnostic('kind of argument or result: overloads callable, refused')
  for (const [kind, [yes, no]] of [...rows].sort(([, a], [, b]) => b[0] + b[1] - a[0] - a[1])) {
    t.diagnostic(`  ${kind}: ${yes}, ${no}`)
  }
  assert.ok(overloads.length > 3000, `${overloads.length} overloads`)
  assert.ok(callableOnes.length > 0.9 * overloads.length, `${callableOnes.length} of ${overloads.length} are callable`)
  // Of PyTorch's own operators on tensors hardly any is beyond JavaScript
  const aten = overloads.filter(({ name, schema }) => name.startsWith('aten::') && /Tensor/.test(schema.text))
  const atenRefused = aten.filter(({ supported }) => !supported).map(({ operator }) => operator)
  assert.ok(atenRefused.length < 0.03 * aten.length, `refused of aten: ${atenRefused.join(', ')}`)
})

test('a callable overload makes its native function, and a refused one says what has no JavaScript form', () => {
  for (const { name, overload, operator, supported, native } of overloads.filter(one => one.supported)) {
    assert.ok(supported && native.call instanceof Function, operator)
    assert.ok(callable(name, overload) instanceof Function, operator)
  }
  for (const { name, overload, operator } of overloads.filter(one => !one.supported)) {
    assert.throws(
      () => callable(name, overload)(),
      { code: 'ERR_UNSUPPORTED_TYPE', message: /has no JavaScript form/ },
      operator,
    )
  }
})

test('a symbol is refused wherever an argument is needed, before libtorch sees anything', () => {
  let asked = 0
  for (const { name, overload, operator, schema, positional } of overloads.filter(one => one.supported)) {
    const required = schema.arguments.filter(argument => !argument.optional && !argument.keywordOnly).length
    if (required === 0) continue
    assert.throws(
      () => callable(name, overload)(...new Array(positional).fill(Symbol('no argument'))),
      { code: 'ERR_INVALID_ARG_TYPE' },
      operator,
    )
    assert.throws(() => callable(name, overload)(), { code: 'ERR_INVALID_ARG_TYPE' }, operator)
    asked++
  }
  assert.ok(asked > 2500, `${asked} overloads asked`)
})

test('the schema is there to read', () => {
  assert.equal(
    torch.ops.aten.add!.Tensor!.schema,
    'aten::add.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor',
  )
  assert.match(torch.ops.aten.topk!.default.schema, /-> \(Tensor values, Tensor indices\)$/)
})
