import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { createCanvas, loadImage } from '@napi-rs/canvas'
import { type Benchmark, ourSide } from './bench/benchmark'
import { benchmarks } from './bench/benchmarks'
import { rewriteBlocks, writeDocs } from './bench/docs'
import { type Options, program } from './bench/options'
import { findOnnx, installOnnx, installPython } from './bench/others'
import { barPicture } from './bench/pictures/bars'
import { COLORS } from './bench/pictures/sides'
import type { Report } from './bench/report'
import type { Result } from './bench/run'
import { formatted, markdown, tableLine } from './bench/table'

const ROOT = path.join(__dirname, '..')
const PYTHON = process.env.LIBTORCH_NODE_PYTHON
const NO_PYTHON = 'LIBTORCH_NODE_PYTHON names no Python with torch'

/** What `--all` measures. */
const onCpu = benchmarks.filter(({ gpu }) => !gpu)

const SCRIPT = [path.join(ROOT, 'scripts', 'bench.mjs'), '--no-build']
/** What the script compiles and then runs: once it has, its own start can be spared. */
const COMPILED = [path.join(ROOT, 'build', 'bench', 'test', 'bench', 'main.js')]

function bench(program: readonly string[], args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const options = { cwd: ROOT, encoding: 'utf8', env: { ...process.env, ...env } } as const
  return spawnSync(process.execPath, [...program, ...args], options)
}

describe('npm run bench', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'libtorch-node-bench-'))
  const json = path.join(folder, 'bench.json')
  let report: Report
  let stdout: string

  before(() => {
    assert.ok(existsSync(path.join(ROOT, 'dist', 'index.js')), 'npm run build comes first')
    const tiny = ['--all', '--size', 'tiny', '--rounds', '1', '--threads', '1', '--no-python']
    const result = bench(SCRIPT, [...tiny, '--json', json, '--out', folder])
    assert.equal(result.status, 0, result.stderr)
    stdout = result.stdout
    report = JSON.parse(readFileSync(json, 'utf8'))
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  it('measures every case of every benchmark on our side', () => {
    for (const { name, cases, memory } of onCpu) {
      const rows = report.results.filter(row => row.benchmark === name)
      for (const { name: one } of cases('tiny')) {
        const units = rows.filter(row => row.case === one).map(row => row.unit)
        assert.ok(units.includes('s'), `${name}, ${one}: a time`)
        assert.equal(units.includes('B'), memory ?? false, `${name}, ${one}: a peak memory`)
      }
    }
    for (const { benchmark, row, unit, figures, ratios } of report.results) {
      const ours = oursOf(benchmark)
      const { value, samples } = figures[ours]!
      const what = `${benchmark}, ${row}: ${samples}`
      assert.ok(samples.length > 0 && samples.every(Number.isFinite), what)
      // A timer may come in time, and then it is late by nothing.
      assert.ok(benchmark === 'delay' ? value >= 0 : value > 0, what)
      if (unit === 'B') assert.ok(value > 30e6 && value < 2e9, what)
      assert.ok(unit === 'B' || value < 30, what)
      assert.deepEqual(
        Object.keys(ratios),
        Object.keys(figures).filter(side => side !== ours),
        what,
      )
    }
    assert.deepEqual(report.leftOut, [])
  })

  it('measures every compiled side beside the same without compile', () => {
    const compiled = onCpu.filter(one => one.compiled)
    assert.ok(compiled.length >= 6)
    for (const { name, here } of compiled) {
      for (const { figures, ratios, row } of report.results.filter(row => row.benchmark === name)) {
        assert.ok(figures.compiled!.value > 0, `${name}, ${row}`)
        assert.equal(ratios.here, here && figures.compiled!.value / figures.here!.value)
      }
    }
  })

  it('tells the machine', () => {
    const { machine } = report
    assert.match(machine.libtorch, /^\d+\.\d+\.\d+/)
    assert.equal(machine.node, process.versions.node)
    assert.ok(machine.cores >= 1 && machine.threads >= 1 && machine.memoryBytes > 1e8)
    for (const word of ['processor', 'capability', 'system'] as const) assert.ok(machine[word].length > 1, word)
    assert.equal(machine.python, null)
    assert.deepEqual([report.size, report.rounds, report.threads], ['tiny', 1, 1])
    assert.match(report.tunables, /hugetlb=1/)
  })

  it('prints a table with a line for every row', () => {
    for (const { row } of report.results)
      assert.match(stdout, new RegExp(`^ {2}${escaped(row)} +[\\d.]+ ([num]?s|[kMG]B)`, 'm'))
    assert.match(stdout, /^Loading the package \(1 thread\) +here$/m)
  })

  it('draws bars and the scaling, as PNG and SVG of the same shape', async () => {
    for (const name of ['bars', 'scaling']) {
      const svg = readFileSync(path.join(folder, `${name}.svg`), 'utf8')
      const [, width, height] = /<svg [^>]*viewBox="0 0 (\d+) (\d+)"/.exec(svg) ?? []
      assert.doesNotMatch(svg, /<text|font-family/, 'text that would need a font')
      assert.equal(svg.match(/<svg/g)!.length, svg.match(/<\/svg>/g)!.length)
      const image = await loadImage(path.join(folder, `${name}.png`))
      assert.deepEqual([image.width, image.height], [2 * Number(width), 2 * Number(height)])
      const drawn = await loadImage(Buffer.from(svg))
      assert.deepEqual([drawn.width, drawn.height], [Number(width), Number(height)])
      assert.deepEqual(name === 'scaling' ? [width, height] : [width], name === 'scaling' ? ['1280', '880'] : ['1000'])
    }
  })

  it('rewrites docs/performance.md with its figures, pictures beside it', () => {
    const docs = path.join(folder, 'docs')
    mkdirSync(docs)
    copyFileSync(path.join(ROOT, 'docs', 'performance.md'), path.join(docs, 'performance.md'))
    const picture = { svg: '<svg/>', png: Buffer.from('png') }
    writeDocs(docs, { ...report, leftOut: ['a line'] }, { bars: picture, scaling: picture })
    const page = readFileSync(path.join(docs, 'performance.md'), 'utf8')
    for (const { title, about, compiled } of onCpu) {
      const chapter = `### ${title} (1 thread)\n\n${about}\n\n| | here${compiled ? ', compiled' : ''} |`
      assert.ok(page.includes(chapter), title)
    }
    for (const { row } of report.results)
      assert.match(page, new RegExp(`^\\| ${escaped(row)} \\| [\\d.]+ (\\wB|[num]?s) \\|`, 'm'))
    assert.match(page, /^- a line$/m)
    assert.match(page, /libtorch \d/)
    for (const [, file] of page.matchAll(/!\[[^\]]+\]\(([^)]+)\)/g)) assert.ok(existsSync(path.join(docs, file!)), file)
  })

  it('rewrites the compiled part alone where nothing else was measured', () => {
    const docs = path.join(folder, 'docs-compiled')
    mkdirSync(docs)
    const before = readFileSync(path.join(ROOT, 'docs', 'performance.md'), 'utf8')
    writeFileSync(path.join(docs, 'performance.md'), before)
    const results = report.results.filter(row => oursOf(row.benchmark) === 'compiled')
    writeDocs(docs, { ...report, results, leftOut: ['a line'] }, {})
    const page = readFileSync(path.join(docs, 'performance.md'), 'utf8')
    const outside = (text: string) => text.replace(/<!-- bench:compiled -->[\s\S]*?<!-- \/bench -->/, '')
    assert.equal(outside(page), outside(before))
    const [part] = /<!-- bench:compiled -->[\s\S]*?<!-- \/bench -->/.exec(page)!
    assert.match(part, /one round: .*libtorch \d[\s\S]*### Compiled: a full-batch epoch[\s\S]*^- a line$/m)
  })

  it('measures torch.compile beside a compiled prediction', { skip: PYTHON ? false : NO_PYTHON }, () => {
    const { status, stderr, report } = besides(PYTHON!, 'compile-predict', '--rounds', '1')
    assert.equal(status, 0, stderr)
    const [{ figures, ratios }] = report.results as [Result]
    // It may want a C++ compiler that is not here; then the report says so.
    if (!figures.inductor) return assert.match(report.leftOut.join(), /torch\.compile does not work here: ./)
    assert.equal(ratios.inductor, figures.compiled!.value / figures.inductor.value)
  })

  it('says why a side was skipped', () => {
    const script = `case "$*" in *compile\\":true*) echo '{"skipped": "no compiler"}';; *) echo '{"samples": [2], "peak": 7}';; esac`
    const { status, stderr, report } = besides(fakePython(script), 'compile-step')
    assert.deepEqual([status, stderr], [0, ''])
    assert.deepEqual(report.leftOut, ['compile-step, 2 images, torch.compile: no compiler.'])
    const [{ figures, ratios }] = report.results as [Result]
    assert.deepEqual([figures.python!.value, figures.inductor], [2, undefined])
    assert.equal(ratios.python, figures.compiled!.value / 2)
  })

  it('measures Python beside it', { skip: PYTHON ? false : NO_PYTHON }, () => {
    const { status, stderr, report } = besides(PYTHON!, 'predict', '--rounds', '1')
    assert.equal(status, 0, stderr)
    assert.match(report.machine.python!.torch, /^\d+\.\d+/)
    assertRatios(report)
  })

  it('measures whatever calls itself a Python beside it, tuned and as it is', () => {
    const { status, stderr, stdout, report } = besides(
      fakePython('echo "{\\"samples\\": [2, 4, 30], \\"peak\\": 7}"'),
      'load',
    )
    assert.equal(status, 0, stderr)
    assert.deepEqual(report.machine.python, { version: '3.1.4', torch: '2.7.1' })
    assertRatios(report)
    const [time, memory] = report.results
    // Two rounds, of which the median over all samples counts.
    assert.deepEqual(time!.figures.python, { value: 4, samples: [2, 4, 30, 2, 4, 30] })
    assert.deepEqual(memory!.figures.python, { value: 7, samples: [7, 7] })
    assert.match(stdout, /^ {2}load +\d\S* m?s +4\.00 s +0\.\d\d/m)
  })

  it('leaves out a Python that fails, and goes on', () => {
    const { status, stderr, stdout, report } = besides(fakePython('echo no memory left >&2; exit 3'), 'scaling-images')
    assert.equal(status, 0, stderr)
    assert.match(stderr, /scaling-images|epoch\.py .* ended with 3\nno memory left/)
    assert.ok(report.results.every(({ figures, ratios }) => figures.here && Object.keys({ ...ratios }).length === 0))
    assert.ok(report.leftOut.includes('scaling-images, 18 + 2 images, Python: it failed.'), report.leftOut.join('\n'))
    assert.ok(report.leftOut.includes('scaling-images, 36 + 4 images, Python: left out, the one before it failed.'))
    for (const line of report.leftOut) assert.ok(stdout.includes(line))
  })

  /** A program that says that it is a Python with torch, and does `script` when it is to measure. */
  function fakePython(script: string): string {
    const file = path.join(folder, 'python')
    writeFileSync(file, `#!/bin/sh\nif [ "$1" = -c ]; then echo '["3.1.4", "2.7.1"]'; else ${script}; fi\n`, {
      mode: 0o755,
    })
    return file
  }

  function besides(python: string, ...words: string[]) {
    const args = [...words, '--size', 'tiny', '--threads', '1', '--json', json, '--out', folder]
    const result = bench(COMPILED, args, { LIBTORCH_NODE_PYTHON: python })
    return { ...result, report: JSON.parse(readFileSync(json, 'utf8')) as Report }
  }

  function assertRatios({ results }: Report): void {
    assert.ok(results.length > 0)
    for (const { figures, ratios } of results) {
      for (const side of process.platform === 'linux' ? (['python', 'tuned'] as const) : (['python'] as const)) {
        assert.ok(figures[side]!.value > 0)
        assert.equal(ratios[side], figures.here!.value / figures[side]!.value)
      }
    }
  }
})

describe('wrong options of npm run bench', () => {
  for (const [args, message] of [
    [['setp'], /no benchmark 'setp'\. There are epoch, step, predict/],
    [['--al'], /unknown option '--al'/],
    [['--size', 'huge'], /'huge' is invalid\. Allowed choices are tiny, quick, full/],
    [['--rounds', '0'], /'0' is invalid\. Expected an integer of at least 1/],
    [['--threads', 'many'], /'many' is invalid\. Expected an integer of at least 1/],
    [['--json'], /option '--json <file>' argument missing/],
    [['--write-docs'], /--write-docs goes with --all or --compile/],
    [['--compile', '--write-docs', 'step'], /--write-docs goes with --all/],
    [['--all', '--write-docs', 'step'], /--write-docs goes with --all/],
    [['--all', '--write-docs', '--size', 'tiny'], /--write-docs goes with --all/],
    [['--with-python', '--no-python'], /exclude each other/],
  ] as const) {
    it(`${args.join(' ')} is refused`, async () => {
      let written = ''
      const command = program(async () => assert.fail('it was taken')).configureOutput({
        writeErr: text => {
          written += text
        },
      })
      await assert.rejects(command.parseAsync(args, { from: 'user' }), { name: 'CommanderError' })
      assert.match(written, message)
    })
  }

  it('end the program with code 2 before anything is measured', () => {
    const { status, stderr, stdout } = bench(COMPILED, ['setp'])
    assert.deepEqual([status, stdout], [2, ''])
    assert.match(stderr, /^error: no benchmark 'setp'/)
  })

  it('that cannot be written to are told before anything is measured', () => {
    const { status, stderr, stdout } = bench(COMPILED, [
      'load',
      '--no-python',
      '--json',
      path.join(ROOT, 'absent', 'x'),
    ])
    assert.deepEqual([status, stdout], [1, ''])
    assert.match(stderr, /^error: ENOENT: .*absent/)
  })

  it('leave the right ones', async () => {
    const taken = async (...args: string[]): Promise<Options> => {
      let options: Options | undefined
      const keep = async (given: Options) => {
        options = given
      }
      await program(keep).parseAsync(args, { from: 'user' })
      return options!
    }
    const names = ({ chosen }: Options) => chosen.map(({ name }) => name)
    const quick = await taken()
    assert.deepEqual([quick.size, quick.rounds, quick.python], ['quick', 2, true])
    assert.deepEqual(names(quick), ['epoch', 'step', 'predict', 'calls', 'load', 'delay'])
    const all = await taken('--all', '--write-docs')
    assert.deepEqual([all.size, all.rounds], ['full', 3])
    assert.deepEqual(
      names(all),
      onCpu.map(({ name }) => name),
    )
    const compile = await taken('--compile', '--write-docs')
    assert.deepEqual([compile.size, compile.rounds], ['full', 3])
    assert.deepEqual(
      names(compile),
      onCpu.filter(({ compiled }) => compiled).map(({ name }) => name),
    )
    const gpu = await taken('--gpu')
    assert.deepEqual([gpu.size, gpu.rounds, names(gpu)], ['full', 3, ['gpu-epoch', 'gpu-step', 'gpu-predict']])
    assert.deepEqual(names(await taken('--compile', 'step')), ['step', ...names(compile)])
    assert.deepEqual(names(await taken('step', 'resnet')), ['step', 'resnet'])
  })
})

const oursOf = (benchmark: string) => ourSide(benchmarks.find(({ name }) => name === benchmark)!)

const ROW: Result = {
  benchmark: 'step',
  case: '1 image',
  row: '1 image',
  unit: 's',
  figures: { here: { value: 5e-4, samples: [5e-4] }, python: { value: 1e-3, samples: [1e-3] } },
  ratios: { python: 0.5 },
}

describe('what --with-python and --with-onnx cannot get', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'libtorch-node-bench-'))
  const { PATH, LIBTORCH_NODE_CACHE } = process.env
  before(() => Object.assign(process.env, { PATH: folder, LIBTORCH_NODE_CACHE: folder }))
  after(() => {
    Object.assign(process.env, { PATH })
    if (LIBTORCH_NODE_CACHE === undefined) delete process.env.LIBTORCH_NODE_CACHE
    else process.env.LIBTORCH_NODE_CACHE = LIBTORCH_NODE_CACHE
    rmSync(folder, { recursive: true, force: true })
  })

  it('is said in clear words', async () => {
    await assert.rejects(installPython('2.13.0'), {
      message:
        /^Cannot get a Python environment\.\n {2}found: {4}no python3\n {2}expected: python3 with its venv module/,
    })
    await assert.rejects(installOnnx(), {
      message:
        /^Cannot get onnxruntime-node@[\d.]+ and protobufjs@[\d.]+\.\n {2}found: {4}no npm\n {2}expected: npm, and/,
    })
    assert.equal(await findOnnx(), undefined)
  })
})

describe('what a run is shown as', () => {
  it('gives figures the unit that suits them', () => {
    const shown = ([12.34, 1, 0.0123456, 4.56e-5, 7.8e-8, 1e-10] as const).map(value => formatted(value, 's'))
    assert.deepEqual(shown, ['12.3 s', '1.00 s', '12.3 ms', '45.6 us', '78.0 ns', '0.10 ns'])
    assert.deepEqual([formatted(4.5e9, 'B'), formatted(223e6, 'B')], ['4.50 GB', '223 MB'])
  })

  it('has a line with the ratio, for terminals and for pages', () => {
    assert.match(tableLine(ROW, ['here', 'python', 'tuned']), /^ {2}1 image +500 us +1\.00 ms +0\.50 +- +-$/)
    const page = markdown(benchmarks.find(({ name }) => name === 'step') as Benchmark, [ROW])
    assert.match(page, /^### A training step of the article's network \(1 thread\)$/m)
    assert.match(page, /^\| \| here \| Python \| ratio \|$/m)
    assert.match(page, /^\| 1 image \| 500 us \| 1\.00 ms \| 0\.50 \|$/m)
  })

  it("draws each side's bar as long as its time beside Python's", async () => {
    const image = await loadImage(barPicture([ROW]).png)
    const context = createCanvas(image.width, image.height).getContext('2d')
    context.drawImage(image, 0, 0)
    const { data } = context.getImageData(0, 0, image.width, image.height)
    const pixels = (color: string) => {
      const rgb = [1, 3, 5].map(at => Number.parseInt(color.slice(at, at + 2), 16))
      let found = 0
      for (let i = 0; i < data.length; i += 4) if (rgb.every((part, k) => data[i + k] === part)) found++
      return found
    }
    const [ours, theirs] = [pixels(COLORS.here), pixels(COLORS.python)]
    assert.ok(theirs > 20_000 && Math.abs(ours / theirs - 0.5) < 0.05, `${ours} and ${theirs} pixels`)
  })

  it('rewrites the blocks of a page and nothing else', () => {
    const page = 'a\n<!-- bench:one -->\nold\n<!-- /bench -->\nb\n<!-- bench:two --><!-- /bench -->\n'
    const two = page.replace('<!-- bench:two --><', '<!-- bench:two -->\n<')
    assert.equal(
      rewriteBlocks(two, { one: 'new $& text', two: '2' }),
      'a\n<!-- bench:one -->\n\nnew $& text\n\n<!-- /bench -->\nb\n<!-- bench:two -->\n\n2\n\n<!-- /bench -->\n',
    )
    assert.throws(() => rewriteBlocks(two, { one: '1', two: '2', three: '3' }), /no block 'three'/)
    assert.equal(rewriteBlocks(two, { one: '1' }, true), two.replace('\nold\n', '\n\n1\n\n'))
    assert.throws(() => rewriteBlocks(two, { one: '1' }), /nothing to put into the block 'two'/)
  })
})

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
