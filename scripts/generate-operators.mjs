// Writes the public faces of all operators, with their types, from the schemas of the libtorch that the addon was
// built against: src/ops/operators.generated.ts (methods and functions) and src/functions.generated.ts (the exports).
// They are not tracked: 2,000 lines that no one reads, and `npm run build:native` makes them in a second.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { constants } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { isFunction, pageOf, resultNames } from './operators/pages.mjs'
import { indexType, isTwoSided, RESULTS, ruleOf, twoSided } from './operators/rules.mjs'
import { typedFunctionsOf } from './operators/typed-functions.mjs'

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..')
const require = createRequire(import.meta.url)

function loadAddon() {
  const file = require('bindings')({ bindings: 'libtorch_node', path: true, module_root: root })
  const module = { exports: {} }
  process.dlopen(module, file, constants.dlopen.RTLD_NOW | (constants.dlopen.RTLD_DEEPBIND ?? 0))
  return module.exports
}

const binding = loadAddon()

// PyTorch's Python does not show these either: derivatives, and the inner halves of other operators
const HIDDEN =
  /^_|__|_backward|_jvp$|_forward$|_copy_out|^(cudnn|miopen|mkldnn|mps|xnnpack|sym|is_|thnn|slow_conv|conv_depthwise3d|fbgemm|quantized|record_stream|segment_reduce|unsafe_|lstm_mps|native_norm|fused_|rnn_)/
const KEPT = /^(is_nonzero|is_floating_point|is_complex|is_signed|is_same_size|rnn_tanh|rnn_relu|isnan)$/
const NAMESPACES = ['linalg', 'fft', 'special']
// Exports and members of other rooms; their names are taken
const OTHER_EXPORTS = new Set([
  'data',
  'grad',
  'slice',
  'unique',
  'uniqueConsecutive',
  'einsum',
  'meshgrid',
  'tensordot',
  'ops',
  'nn',
  'optim',
  'memory',
  'cuda',
  'autograd',
  'version',
  'save',
  'load',
])

const camelCase = name => {
  const [, lead, body, trail] = /^(_*)(.*?)(_*)$/.exec(name)
  return lead + body.replace(/_+([a-z0-9])/g, (_, letter) => letter.toUpperCase()) + trail
}

const RESERVED = new Set(['var', 'default', 'delete', 'function', 'in', 'new', 'return', 'with', 'import', 'export'])
const identifier = name => (RESERVED.has(name) ? `${name}_` : name)

/** The members that a TypeScript file declares in its interfaces and classes. */
function declaredMembers(file) {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.ES2022, false)
  const names = new Set()
  const visit = node => {
    // the interfaces of methods and functions; not those of options
    if (
      /^Typed|Functions$|^Tensor$/.test(node.name?.text) &&
      (ts.isInterfaceDeclaration(node) || ts.isClassDeclaration(node))
    ) {
      for (const member of node.members) if (member.name && ts.isIdentifier(member.name)) names.add(member.name.text)
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return names
}

function declaredIn(folder, pattern) {
  const names = new Set()
  for (const file of readdirSync(path.join(root, folder))) {
    if (!pattern.test(file)) continue
    for (const name of declaredMembers(path.join(root, folder, file))) names.add(name)
  }
  return names
}

const typedFunctions = declaredIn('src/tensor', /^typed-(functions|creation)/)
const typedMethods = declaredIn('src/tensor', /^(tensor|typed(?!-(functions|creation)).*)\.ts$/)

const BASE = {
  Tensor: 'Tensor',
  int: 'number | bigint',
  float: 'number',
  bool: 'boolean',
  Scalar: 'Scalar',
  complex: 'Scalar',
  str: 'string',
  ScalarType: 'DType',
  Layout: 'string',
  MemoryFormat: 'MemoryFormat',
  Device: 'Device',
  Generator: 'Generator',
}

function typeOf(value, forInput) {
  let kind = value.kind
  const optional = kind.endsWith('?')
  if (optional) kind = kind.slice(0, -1)
  let type
  if (kind.endsWith('[]')) {
    let element = kind.slice(0, -2)
    const nullable = element.endsWith('?')
    if (nullable) element = element.slice(0, -1)
    const base = forInput ? BASE[element] : (BASE[element] ?? 'unknown').replace('number | bigint', 'number')
    type = `${forInput ? 'readonly ' : ''}(${base}${nullable ? ' | null' : ''})[]`
    if (forInput && value.size > 0 && element === 'int') type += ' | number'
  } else {
    type = forInput ? BASE[kind] : BASE[kind].replace('number | bigint', 'number')
  }
  return optional ? `${type} | null` : type
}

// As src/ops/resolve.ts: the operators that take a number for a tensor
const TAKES_NUMBERS = /^(add|sub|subtract|mul|multiply|div|divide|true_divide|floor_divide|copy)_?$/

function inputType(value, numbers) {
  const type = typeOf(value, true)
  return numbers && type === 'Tensor' && value.name !== 'self' && !value.writes ? 'Tensor | Scalar' : type
}

/** What the results of an operator are called: by Python's named tuple, by the schema, by its overload that writes them. */
function labels(name, returns) {
  const python = resultNames(name)
  if (python?.length === returns.length) return python
  const written = (schemas.get(name) ?? [])
    .map(schema => schema.arguments.filter(argument => argument.writes && argument.keywordOnly))
    .find(out => out.length === returns.length)
  return returns.map((value, i) => value.name || written?.[i].name.replace(/^out$/, 'output') || `result${i}`)
}

function resultType(name, returns, rule) {
  if (returns.length === 0) return 'void'
  if (returns.length === 1) return (returns[0].kind === 'Tensor' && RESULTS[rule]) || typeOf(returns[0], false)
  const names = labels(name, returns)
  return `[${returns.map((value, i) => `${identifier(camelCase(names[i]))}: ${typeOf(value, false)}`).join(', ')}]`
}

/** The signatures of one overload: what must be given, some of the rest by place, and what is left by name. */
function signatures(name, schema, asMethod) {
  const numbers = TAKES_NUMBERS.test(name)
  const ofTensor = schema.arguments[0]?.kind === 'Tensor'
  const rule = ofTensor && !schema.arguments.some(({ name }) => name === 'out') ? ruleOf(name) : undefined
  const args = asMethod ? schema.arguments.slice(1) : schema.arguments
  const typed = RESULTS[rule] !== undefined && schema.returns.length === 1 && schema.returns[0].kind === 'Tensor'
  // a method has `S` and `D` from its interface; what computes a dtype must not, or a Tensor would not be covariant
  const generic = typed && (rule === 'FLOAT' || !asMethod) ? '<S extends Shape, D extends DType>' : ''
  const receiver = generic && asMethod ? ['this: Tensor<S, D>'] : []
  const named = args.map(argument => ({
    ...argument,
    js: camelCase(argument.name),
    type: indexType(name, argument.name) ?? inputType(argument, numbers),
  }))
  const places = named.filter(argument => !argument.keywordOnly)
  // up to the last one that must be given, all have their place: `Tensor?` is `Tensor | null` there
  const required = places.findLastIndex(argument => !argument.optional) + 1
  const lead = places.slice(0, required)
  const rest = places.slice(required)
  const keyword = named.filter(argument => argument.keywordOnly)
  const own = argument =>
    generic && !asMethod && argument.name === schema.arguments[0].name ? 'Tensor<S, D>' : argument.type
  const word = argument => (argument.js === 'self' ? 'input' : identifier(argument.js))
  const parameter = argument => `${word(argument)}: ${own(argument)}`
  const member = argument => `${argument.js}${argument.optional ? '?' : ''}: ${argument.type}`
  const options = list =>
    list.length === 0
      ? []
      : [`options${list.every(argument => argument.optional) ? '?' : ''}: { ${list.map(member).join('; ')} }`]
  const result = resultType(name, schema.returns, rule)
  const out = []
  const keywordRequired = keyword.some(argument => !argument.optional)
  for (let placed = 0; placed <= rest.length; placed++) {
    const given = rest.slice(0, placed).map(argument => {
      // an options object behind them takes their `?`
      const last = placed === rest.length && !keywordRequired
      return `${identifier(argument.js)}${last ? '?' : ''}: ${argument.type}${last ? '' : ' | undefined'}`
    })
    out.push(
      `${generic}(${[...receiver, ...lead.map(parameter), ...given, ...options([...rest.slice(placed), ...keyword])].join(', ')}): ${result}`,
    )
  }
  return out
}

const schemas = new Map()
for (const full of binding.operatorNames()) {
  if (!full.startsWith('aten::')) continue
  const [name, overload = ''] = full.slice('aten::'.length).split('.')
  if (HIDDEN.test(name) && !KEPT.test(name)) continue
  if (/dimname|^names|_names/i.test(overload)) continue
  const schema = binding.operatorSchema(`aten::${name}`, overload)
  if (![...schema.arguments, ...schema.returns].every(value => value.supported)) continue
  if (!schemas.has(name)) schemas.set(name, [])
  schemas.get(name).push(schema)
}

const methods = new Map()
const functions = new Map()
const spaces = new Map(NAMESPACES.map(space => [space, new Map()]))
for (const [name, overloads] of [...schemas].sort(([a], [b]) => (a < b ? -1 : 1))) {
  const space = NAMESPACES.find(prefix => name.startsWith(`${prefix}_`))
  if (space !== undefined) {
    spaces.get(space).set(camelCase(name.slice(space.length + 1)), { name, overloads })
    continue
  }
  const js = camelCase(name)
  if (overloads.some(schema => schema.arguments[0]?.name === 'self' && schema.arguments[0].kind === 'Tensor')) {
    methods.set(js, { name, overloads })
  }
  functions.set(js, { name, overloads })
}

/** The one signature of an operator of two sides, where all its overloads are that. */
function twoSidedSignature(js, name, overloads, asMethod) {
  const rule = ruleOf(name)
  if (!isTwoSided(rule)) return undefined
  const [first, other] = overloads.find(schema => schema.arguments[1]?.kind === 'Tensor')?.arguments ?? []
  if (other === undefined || first.kind !== 'Tensor') return undefined
  const takesScalars =
    TAKES_NUMBERS.test(name) ||
    overloads.some(schema => schema.arguments[0].kind === 'Tensor' && schema.arguments[1].kind === 'Scalar')
  const byName = overloads.flatMap(schema => schema.arguments.slice(2))
  const options = byName.some(({ name }) => name === 'alpha') ? 'Alpha' : byName.length > 0 ? 'OutOption' : ''
  return twoSided(rule, js, {
    name: identifier(camelCase(other.name)),
    first: asMethod ? 'this' : 'input',
    takesScalars,
    options,
  })
}

function doc(name, overloads) {
  const page = pageOf(name)
  const lines = overloads.map(schema => `\`${schema.text.replace(/\*\//g, '*\\/')}\``).join('\n   *\n   * ')
  return `  /** ${lines}${page === undefined ? '' : `\n   *\n   * @see ${page}`} */`
}

/** `byHand` are the lines of members that are skipped here, because their types are written by hand elsewhere. */
function interfaceOf(title, entries, asMethod, skipped, byHand = new Map()) {
  const lines = [`export interface ${title}${asMethod ? '<out S extends Shape, out D extends DType>' : ''} {`]
  for (const [js, { name, overloads }] of entries) {
    if (skipped.has(js)) {
      lines.push(...(byHand.get(js) ?? []))
      continue
    }
    const usable = asMethod
      ? overloads.filter(schema => schema.arguments[0]?.name === 'self' && schema.arguments[0].kind === 'Tensor')
      : overloads
    lines.push(doc(name, usable))
    const both = twoSidedSignature(js, name, usable, asMethod)
    const all = both === undefined ? usable : usable.filter(schema => schema.arguments[0].kind !== 'Tensor')
    for (const signature of new Set([
      ...(both === undefined ? [] : [both]),
      ...all.flatMap(schema => signatures(name, schema, asMethod)),
    ]))
      lines.push(`  ${js}${signature}`)
  }
  lines.push('}', '')
  return lines.join('\n')
}

const table = (title, entries) =>
  `export const ${title}: Readonly<Record<string, string>> = ${JSON.stringify(
    Object.fromEntries([...entries].map(([js, { name }]) => [js, name])),
    null,
    1,
  )}\n`

const header = `// Made by scripts/generate-operators.mjs from the schemas of libtorch ${binding.version()}. Not to be edited.\n`
const none = new Set()
const space = name => `${name[0].toUpperCase()}${name.slice(1)}Functions`

function write(file, parts) {
  writeFileSync(path.join(root, file), [header, ...parts].join('\n'))
}

write('src/ops/operators.generated.ts', [
  table('METHODS', methods),
  table('FUNCTIONS', functions),
  ...NAMESPACES.map(name => table(`${name.toUpperCase()}_FUNCTIONS`, spaces.get(name))),
])

const derived = typedFunctionsOf(
  path.join(root, 'src/tensor'),
  js => functions.has(js) && isFunction(functions.get(js).name) && !typedFunctions.has(js),
)

write('src/tensor/operator-types.generated.ts', [
  "import type { Device } from '../core/device'",
  "import type { Generator } from '../core/generator'",
  ...derived.imports,
  '',
  "type MemoryFormat = 'contiguous_format' | 'preserve_format' | 'channels_last' | 'channels_last_3d'",
  '',
  '/** The operators as methods of a tensor, but for those whose types know shapes. */',
  interfaceOf('OperatorMethods', methods, true, typedMethods),
  '/** The operators as functions of `torch`, but for those whose types know shapes. */',
  interfaceOf(
    'OperatorFunctions',
    functions,
    false,
    new Set([...typedFunctions, ...derived.members.keys()]),
    derived.members,
  ),
  ...NAMESPACES.flatMap(name => [`/** \`torch.${name}\`. */`, interfaceOf(space(name), spaces.get(name), false, none)]),
])

const creation = declaredIn('src/tensor', /^typed-creation/)
const exported = [...functions.keys()].filter(name => !OTHER_EXPORTS.has(name) && !creation.has(name))
write('src/tensor/functions.generated.ts', [
  "import { FUNCTIONS } from '../ops/operators.generated'",
  "import { makeFunctions } from '../ops/public'",
  "import type { OperatorFunctions } from './operator-types.generated'",
  "import type { TypedFunctions } from './typed'",
  '',
  'type Functions = TypedFunctions & Omit<OperatorFunctions, keyof TypedFunctions>',
  'const functions = makeFunctions(FUNCTIONS) as unknown as Functions',
  '',
  ...exported.map(name =>
    RESERVED.has(name)
      ? `const ${name}_: Functions['${name}'] = functions.${name}\nexport { ${name}_ as ${name} }`
      : `export const ${name}: Functions['${name}'] = functions.${name}`,
  ),
  '',
])
const count = [...spaces.values()].reduce((sum, space) => sum + space.size, functions.size)
console.log(`operators: ${count} functions and ${methods.size} methods of libtorch ${binding.version()}, with types`)
