import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { pathToFileURL } from 'node:url'
import * as torch from '../src/index'
import { overloadsOf } from '../src/ops/registry'
import { callPublic } from '../src/ops/resolve'

type Kind = 'SAME' | 'FLOAT' | 'BOOL' | 'BINARY' | 'BINARY_FLOAT' | 'COMPARE'
type Input = torch.Tensor<number[], torch.DType>

const square = torch.rand([4, 4])
const inputs: Input[] = [
  square.matmul(square.t()).add(torch.eye(4)), // positive definite, for factorizations
  torch.rand([2, 4, 4], { dtype: 'float64' }),
  torch.randint(1, 5, [3, 4]),
  torch.randint(1, 5, [3, 4], { dtype: 'int32' }),
  torch.rand([3, 4]).gt(0.5),
]
// What an operator may need besides its tensors.
const OTHERS: unknown[][] = [[], [1], [[0]], [2, [0]], [0.5, false], [[4]], [torch.rand([4])], [[1], [0]]]

/** The first call that the operator accepts. */
function call(name: string, input: Input, more: readonly unknown[][]): Input | undefined {
  for (const args of more) {
    try {
      const result = callPublic(`aten::${name}`, [input, ...args])
      if (torch.isTensor(result)) return result
    } catch {
      // another dtype or more arguments are needed
    }
  }
  return undefined
}

const isFloat = (dtype: string) => /^(b?float|complex)/.test(dtype)
const promoted = (a: Input, b: Input): string => callPublic('aten::result_type', [a, b]) as string

/** The dtype that the rule of a generated signature promises. */
function expectedDType(kind: Kind, input: Input, other: Input): string {
  if (kind === 'BOOL' || kind === 'COMPARE') return 'bool'
  if (kind === 'SAME') return input.dtype
  const both = kind === 'FLOAT' ? input.dtype : promoted(input, other)
  return kind === 'BINARY' || isFloat(both) ? both : 'float32'
}

describe('the rules of generated types', async () => {
  const { KINDS } = (await import(pathToFileURL(join(__dirname, '../scripts/operators/rules.mjs')).href)) as {
    KINDS: Map<string, Kind>
  }

  it('name operators that there are', () => {
    assert.ok(KINDS.size > 120, `${KINDS.size} rules`)
    for (const name of KINDS.keys()) assert.ok(overloadsOf(`aten::${name}`).length > 0, name)
  })

  it('tell the shape and the dtype of what the operators give', t => {
    let calls = 0
    const silent: string[] = []
    for (const [name, kind] of KINDS) {
      const before = calls
      for (const input of inputs) {
        const two = kind === 'BINARY' || kind === 'BINARY_FLOAT' || kind === 'COMPARE'
        for (const other of two ? inputs : [input]) {
          const args = two ? [[other.at(0) as Input]] : OTHERS
          const result = call(name, input, args)
          if (result === undefined) continue
          calls++
          const dtype = expectedDType(kind, input, two ? (args[0]![0] as Input) : other)
          const what = `${name} of ${input.dtype}${two ? `and ${other.dtype}` : ''}`
          assert.deepEqual(
            result.shape,
            two ? (input.float().add(args[0]![0] as Input) as Input).shape : input.shape,
            what,
          )
          assert.equal(result.dtype, dtype, what)
        }
      }
      if (calls === before) silent.push(name)
    }
    t.diagnostic(`${calls} calls of ${KINDS.size} operators; ${silent.length} need more: ${silent.join(' ')}`)
    assert.ok(silent.length < 30, silent.join(' '))
  })
})
