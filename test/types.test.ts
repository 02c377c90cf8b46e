import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join, relative } from 'node:path'
import { before, describe, it } from 'node:test'
import { inspect, isDeepStrictEqual } from 'node:util'
import ts from 'typescript'
import { isTensor, type Tensor } from '../src/index'
import { spatialValues } from './types/spatial-values'
import { values } from './types/values'
import { operators } from './types/values-operators'

const ROOT = join(__dirname, '..')
const ACCEPT = join(__dirname, 'types/accept')
const REJECT = join(__dirname, 'types/reject')
const VALUES: readonly [file: string, calls: Readonly<Record<string, () => unknown>>][] = [
  [join(__dirname, 'types/values.ts'), values],
  [join(__dirname, 'types/values-operators.ts'), operators],
  [join(__dirname, 'types/spatial-values.ts'), spatialValues],
]

interface Compiled {
  program: ts.Program
  instantiations: number
  seconds: number
}

// One program for all: the package's own types are the dear part, and are checked once.
function compile(files: readonly string[]): Compiled {
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, ROOT)
  const start = process.cpuUsage()
  const program = ts.createProgram(files, { ...options, noEmit: true })
  for (const file of files) program.getSemanticDiagnostics(program.getSourceFile(file))
  const { user, system } = process.cpuUsage(start)
  return { program, instantiations: program.getInstantiationCount(), seconds: (user + system) / 1e6 }
}

function programsIn(folder: string): string[] {
  return readdirSync(folder)
    .filter(name => name.endsWith('.ts'))
    .map(name => join(folder, name))
}

interface Found {
  line: number
  message: string
}

function errorsOf(program: ts.Program, file: string): Found[] {
  const source = program.getSourceFile(file)
  assert.ok(source, `${file} was not read`)
  return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(diagnostic => ({
    line: source.getLineAndCharacterOfPosition(diagnostic.start ?? 0).line + 1,
    message: ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n'),
  }))
}

// `// expect: a ... b` at the end of a line: its error holds a, and then b.
function expectations(program: ts.Program, file: string): Map<number, string[]> {
  const expected = new Map<number, string[]>()
  const lines = program.getSourceFile(file)!.text.split('\n')
  lines.forEach((text, i) => {
    const at = text.indexOf('// expect: ')
    if (at !== -1) expected.set(i + 1, text.slice(at + '// expect: '.length).split(/ \.\.\. (?=\S)/))
  })
  return expected
}

function holdsInOrder(message: string, parts: readonly string[]): boolean {
  let from = 0
  for (const part of parts) {
    const at = message.indexOf(part, from)
    if (at === -1) return false
    from = at + part.length
  }
  return true
}

interface Claim {
  name: string
  /** `Tensor<[2, 3], 'float32'>` for each tensor of the result. */
  tensors: { shape: string[] | 'any'; dtype: string }[]
}

// What the compiler says of each function in `values`: Tensor<[2, number], "float32">, or a tuple of such.
function claimsIn(program: ts.Program, file: string): Claim[] {
  const checker = program.getTypeChecker()
  const claims: Claim[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isPropertyAssignment(node) && ts.isArrowFunction(node.initializer)) {
      const type = checker.getTypeAtLocation(node.initializer.body)
      const text = checker.typeToString(type, undefined, ts.TypeFormatFlags.NoTruncation)
      const tensors = [...text.matchAll(/Tensor<(\[[^\]]*\]|any), ("\w+"|any)>/g)].map(([, shape, dtype]) => ({
        shape: shape === 'any' ? ('any' as const) : shape!.slice(1, -1).split(', ').filter(Boolean),
        dtype: dtype!.replaceAll('"', ''),
      }))
      claims.push({ name: (node.name as ts.StringLiteral | ts.Identifier).text, tensors })
    } else {
      ts.forEachChild(node, visit)
    }
  }
  visit(program.getSourceFile(file)!)
  return claims
}

describe('types that know shapes', () => {
  const accepted = programsIn(ACCEPT)
  const rejected = programsIn(REJECT)
  let compiled: Compiled

  before(() => {
    assert.ok(accepted.length >= 6, 'no programs to accept were found')
    assert.ok(rejected.length >= 4, 'no programs to reject were found')
    compiled = compile([...accepted, ...rejected, ...VALUES.map(([file]) => file)])
  })

  for (const file of accepted) {
    it(`compiles ${relative(__dirname, file)}`, () => {
      const errors = errorsOf(compiled.program, file)
      assert.deepEqual(
        errors.map(({ line, message }) => `${line}: ${message}`),
        [],
      )
    })
  }

  for (const file of rejected) {
    describe(`refuses ${relative(__dirname, file)}`, () => {
      it('on every line that says so, with its message', () => {
        const errors = errorsOf(compiled.program, file)
        const expected = expectations(compiled.program, file)
        assert.ok(expected.size > 0, 'nothing is expected here')
        for (const [line, parts] of expected) {
          const [error, ...more] = errors.filter(found => found.line === line)
          assert.ok(error, `line ${line} compiles, and must not: ${parts.join(' ... ')}`)
          assert.deepEqual(more, [], `line ${line} has more than one error`)
          assert.ok(
            holdsInOrder(error.message, parts),
            `line ${line}: expected '${parts.join(' ... ')}' in\n${error.message}`,
          )
        }
      })

      it('and nowhere else', () => {
        const expected = expectations(compiled.program, file)
        const surprises = errorsOf(compiled.program, file).filter(({ line }) => !expected.has(line))
        assert.deepEqual(surprises, [])
      })
    })
  }

  for (const [file, calls] of VALUES) {
    it(`are true at run time in ${relative(__dirname, file)}`, () => {
      assert.deepEqual(errorsOf(compiled.program, file), [])
      const claims = claimsIn(compiled.program, file)
      assert.ok(claims.length > 30, `${claims.length} calls were found`)
      let known = 0
      const wrong: string[] = []
      for (const { name, tensors } of claims) {
        const result = calls[name]!()
        const results = (isTensor(result) ? [result] : result) as Tensor<number[]>[]
        const found = results.map(({ shape, dtype }, i) => {
          const claim = tensors[Math.min(i, tensors.length - 1)]
          const sizes =
            claim?.shape === 'any' ? 'any' : shape.map((n, k) => (claim?.shape[k] === 'number' ? 'number' : String(n)))
          return { shape: sizes, dtype: claim?.dtype === 'any' ? 'any' : dtype }
        })
        // an array of tensors is claimed once for all
        const claimed = tensors.length === 1 ? found.map(() => tensors[0]) : tensors
        known += claimed.filter(claim => claim?.shape !== 'any').length
        if (!isDeepStrictEqual(found, claimed))
          wrong.push(`${name} gives ${inspect(found)}, and is said to give ${inspect(tensors)}`)
      }
      assert.deepEqual(wrong, [])
      assert.ok(known > 30, `${known} shapes are known`)
    })
  }

  it('costs the compiler little', t => {
    const { instantiations, seconds } = compiled
    t.diagnostic(`${instantiations} instantiations, ${seconds.toFixed(1)} s of processor time`)
    assert.ok(instantiations < 1_200_000, `${instantiations} instantiations`)
    // Processor time, since a busy machine says nothing about the types.
    assert.ok(seconds < 20, `${seconds} s of processor time`)
  })
})
