import { readFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { getNumThreads, version } from '../../src'
import type { OnnxRuntime, Python } from './others'

/** What the figures were measured on. */
export interface Machine {
  processor: string
  cores: number
  capability: string
  memoryBytes: number
  system: string
  /** When the kernel gives huge pages, in its own words; null where it has no such thing. */
  hugePages: string | null
  node: string
  libtorch: string
  /** libtorch's own number of threads. */
  threads: number
  python: { version: string; torch: string } | null
  onnxruntime: string | null
}

/** The facts of this machine, and of the two that we are measured beside. */
export function machineFacts(python: Python | undefined, onnx: OnnxRuntime | undefined): Machine {
  const { header } = process.report.getReport() as unknown as {
    header: { glibcVersionRuntime?: string; osRelease: string }
  }
  const glibc = header.glibcVersionRuntime
  return {
    processor: cpus()[0]?.model.trim() || 'unknown processor',
    cores: cpus().length,
    capability: version.cpuCapability,
    memoryBytes: totalmem(),
    system: `${process.platform} ${process.arch} ${header.osRelease}${glibc ? `, glibc ${glibc}` : ''}`,
    hugePages: hugePages(),
    node: process.versions.node,
    libtorch: version.libtorch,
    threads: getNumThreads(),
    python: python ? { version: python.version, torch: python.torch } : null,
    onnxruntime: onnx?.version ?? null,
  }
}

/** The machine in a sentence. */
export function describeMachine(machine: Machine): string {
  const { processor, cores, capability, memoryBytes, system, hugePages, node, libtorch, threads, python } = machine
  return [
    `${processor}, ${cores} cores, ${capability}, ${(memoryBytes / 2 ** 30).toFixed(0)} GiB; ${system}, huge pages: ${hugePages ?? 'none'}`,
    `Node ${node}, libtorch ${libtorch} (${threads} threads unless a heading says otherwise)`,
    python
      ? `Python ${python.version}, torch ${python.torch}`
      : 'no Python with torch (LIBTORCH_NODE_PYTHON names one, --with-python fetches one)',
    machine.onnxruntime ? `onnxruntime-node ${machine.onnxruntime}` : 'no onnxruntime-node (--with-onnx fetches it)',
  ].join('; ')
}

function hugePages(): string | null {
  try {
    const text = readFileSync('/sys/kernel/mm/transparent_hugepage/enabled', 'utf8')
    return /\[(\w+)\]/.exec(text)?.[1] ?? null
  } catch {
    return null
  }
}
