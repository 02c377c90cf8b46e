// The functions of `torch` whose methods have types written by hand in src/tensor/typed*.ts: the same types, with the
// tensor as first argument instead of `this`.
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import ts from 'typescript'

const METHODS = /^typed(?!-(functions|creation))[a-z-]*\.ts$/
const RECEIVER = ['S extends Shape', 'D extends DType']

/**
 * The members of `OperatorFunctions` for which `wanted` holds, by name, each as lines with its docstring; and the imports
 * that they need.
 */
export function typedFunctionsOf(folder, wanted) {
  const members = new Map()
  const imports = new Map([
    ['Shape', '../core/shape-types'],
    ['DType', '../core/dtype'],
    ['Scalar', '../core/dtype-types'],
    ['FloatDType', '../core/dtype-types'],
    ['Tensor', './tensor'],
    ...'Alpha Combined Comparison Elementwise InPlaceCheck Operand OperandCheck OperandDType OutOption'
      .split(' ')
      .map(name => [name, './typed']),
  ])
  for (const file of readdirSync(folder).filter(file => METHODS.test(file))) {
    const source = ts.createSourceFile(
      file,
      readFileSync(path.join(folder, file), 'utf8'),
      ts.ScriptTarget.ES2022,
      true,
    )
    const known = namesIn(source, `./${file.slice(0, -3)}`)
    ts.forEachChild(source, node => {
      if (!ts.isInterfaceDeclaration(node) || !node.name.text.startsWith('Typed')) return
      for (const member of node.members) {
        if (!ts.isMethodSignature(member) || !wanted(member.name.text)) continue
        const { name } = member
        if (!members.has(name.text)) members.set(name.text, [])
        members.get(name.text).push(functionOf(member, source))
        for (const used of identifiersIn(member)) if (known.has(used)) imports.set(used, known.get(used))
      }
    })
  }
  const byFile = new Map()
  for (const [name, from] of imports) byFile.set(from, [...(byFile.get(from) ?? []), name])
  return {
    members,
    imports: [...byFile].sort().map(([from, names]) => `import type { ${names.sort().join(', ')} } from '${from}'`),
  }
}

/** Where the types that a file may name come from. */
function namesIn(source, own) {
  const known = new Map()
  for (const statement of source.statements) {
    if (ts.isImportDeclaration(statement)) {
      for (const element of statement.importClause?.namedBindings?.elements ?? []) {
        known.set(element.name.text, statement.moduleSpecifier.text)
      }
    } else if (ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement)) {
      known.set(statement.name.text, own)
    }
  }
  return known
}

function identifiersIn(node) {
  const names = new Set()
  const visit = child => {
    if (ts.isIdentifier(child)) names.add(child.text)
    ts.forEachChild(child, visit)
  }
  visit(node)
  return names
}

/** A method's docstring and signature, as a function's. */
function functionOf(member, source) {
  const doc = (ts.getLeadingCommentRanges(source.text, member.pos) ?? []).map(
    ({ pos, end }) => `  ${source.text.slice(pos, end)}\n`,
  )
  const text = node => node.getText(source).replace(/\s*\n\s*/g, ' ')
  const [receiver] = member.parameters
  const hasReceiver = receiver !== undefined && receiver.name.getText(source) === 'this'
  const parameters = hasReceiver ? member.parameters.slice(1) : member.parameters
  const input = hasReceiver ? `input: ${text(receiver.type)}` : 'input: Tensor<S, D>'
  const generics = [...(hasReceiver ? [] : RECEIVER), ...(member.typeParameters ?? []).map(text)]
  const open = generics.length > 0 ? `<${generics.join(', ')}>` : ''
  return `${doc.join('')}  ${member.name.text}${open}(${[input, ...parameters.map(text)].join(', ')}): ${text(member.type)}`
}
