// The samples of the README and of docs/: as written, wrapped in a function, so that each has names of its own.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, join } from 'node:path'
import { formatWithOptions } from 'node:util'
import ts from 'typescript'

export const ROOT = join(__dirname, '../..')

export interface Sample {
  /** The page, and the line of the sample there. */
  name: string
  /** What the sample says. */
  text: string
  /** A module whose default export runs it. */
  source: string
  /** Why it is compiled and not run. */
  notRun?: string
  /** The same in Python, and what both print; of pages that have that. */
  python?: string
  prints?: string
}

const IMPORTS = "import * as torch from 'libtorch-node'\n"
const NAMES = ['compile', 'data', 'evaluate', 'explain', 'nn', 'optim', 'slice', 'train']

/**
 * The `ts` samples of a page. What a page's reader has by then, and what a test cannot do, is said in comments before a
 * sample, which nobody sees: `<!-- before: const x = ... -->`, `<!-- instead: 54000 -> 900 -->`, `<!-- not run: why -->`.
 */
export function samplesOf(page: string, prelude = ''): Sample[] {
  const lines = readFileSync(join(ROOT, page), 'utf8').split('\n')
  const samples: Sample[] = []
  let notes: [kind: string, text: string][] = []
  let python: string | undefined
  for (let i = 0; i < lines.length; i++) {
    const note = /^<!-- (before|instead|not run): (.*) -->$/.exec(lines[i]!)
    if (note) notes.push([note[1]!, note[2]!])
    const fence = /^```(python|ts|text)/.exec(lines[i]!)
    if (!fence) continue
    const start = i + 1
    while (lines[++i] !== '```') if (i === lines.length) throw new Error(`${page}:${start}: a sample has no end`)
    const text = lines.slice(start, i).join('\n')
    if (fence[1] === 'python') python = text
    const last = samples.at(-1)
    if (fence[1] === 'text' && last?.python !== undefined) last.prints ??= text
    if (fence[1] !== 'ts') continue
    const of = (kind: string) => notes.filter(([k]) => k === kind).map(([, value]) => value)
    samples.push({
      name: `${page}:${start}`,
      text,
      source: moduleOf(text, prelude, of('before'), of('instead')),
      notRun: of('not run')[0],
      python,
    })
    notes = []
    python = undefined
  }
  return samples
}

function moduleOf(text: string, prelude: string, before: readonly string[], instead: readonly string[]): string {
  let code = text
  for (const change of instead) {
    const [from, to] = change.split(' -> ') as [string, string]
    if (!code.includes(from)) throw new Error(`a sample does not hold ${from}`)
    code = code.replaceAll(from, to)
  }
  const isImport = (line: string) => /^import .* from '/.test(line)
  const lines = code.split('\n')
  const own = lines.filter(isImport).map(line => line.replace(/ {2,}\/\/.*/, ''))
  const rest = lines.filter(line => !isImport(line)).join('\n')
  const named = own.join('\n')
  const missing = NAMES.filter(name => !new RegExp(`\\b${name}\\b`).test(named))
  const imports = [
    named.includes('* as torch') ? '' : IMPORTS,
    `import { ${missing.join(', ')} } from 'libtorch-node'\n`,
    named,
  ].join('')
  return `${imports}\nexport default async function sample() {\n${prelude}\n${before.join('\n')}\n${rest}\n}\n`
}

/** The compiler's complaints about each of the samples, by name. */
export function complaints(samples: readonly Sample[]): string[] {
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, ROOT)
  Object.assign(options, {
    noEmit: true,
    typeRoots: [join(ROOT, 'node_modules/@types')],
    paths: { 'libtorch-node': [join(ROOT, 'src/index.ts')] },
  })
  const host = ts.createCompilerHost(options)
  const files = new Map(samples.map((sample, i) => [join(ROOT, `test/docs/sample-${i}.ts`), sample]))
  const { getSourceFile, fileExists } = host
  host.fileExists = file => files.has(file) || fileExists(file)
  host.getSourceFile = (file, target, ...rest) => {
    const sample = files.get(file)
    return sample ? ts.createSourceFile(file, sample.source, target) : getSourceFile(file, target, ...rest)
  }
  const program = ts.createProgram([...files.keys()], options, host)
  return [...files].flatMap(([file, { name }]) =>
    ts
      .getPreEmitDiagnostics(program, program.getSourceFile(file))
      .map(({ messageText }) => `${name}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`),
  )
}

const toPackage = createRequire(join(ROOT, 'test/docs/sample.js'))

/** Runs a sample, and gives what it printed. */
export async function run(sample: Sample): Promise<string> {
  const { outputText } = ts.transpileModule(sample.source, {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.CommonJS, esModuleInterop: true },
    fileName: basename(sample.name),
  })
  const printed: string[] = []
  const log = (...args: unknown[]) => {
    printed.push(formatWithOptions({ breakLength: Infinity }, ...args))
  }
  const exports: { default?: () => Promise<void> } = {}
  const load = (name: string) => toPackage(name === 'libtorch-node' ? '../../src/index' : name) as unknown
  new Function('exports', 'require', 'console', outputText)(exports, load, { ...console, log })
  await exports.default!()
  return printed.join('\n')
}

/** Booleans, arrays, dtypes and whole numbers are written by each language in its own way. */
export function plain(printed: string): string {
  return printed
    .replace(/\bTrue\b/g, 'true')
    .replace(/\bFalse\b/g, 'false')
    .replace(/\btorch\.(?=float|bfloat|int|bool)/g, '')
    .replace(/(?<=[[({]) +| +(?=[\])}])/g, '')
    .replace(/\b(\d+)\.0\b/g, '$1')
    .replace(/'/g, '')
}
