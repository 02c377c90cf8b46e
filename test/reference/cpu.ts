import { readFileSync } from 'node:fs'

/**
 * The processor as far as it decides the last bits: kernels choose their blocks by its instructions and caches, beyond
 * what libtorch's own word for it ("AVX512") tells. Two machines of one word gave validation losses that differ in the
 * seventh digit. The same text as `cpu.py` makes; empty where there is no /proc/cpuinfo.
 */
export function cpu(): string {
  let text: string
  try {
    text = readFileSync('/proc/cpuinfo', 'utf8')
  } catch {
    return ''
  }
  const field = (name: string) => new RegExp(`^${name}\\s*: (.*)$`, 'm').exec(text)?.[1]?.trim() ?? ''
  const vectors = field('flags')
    .split(' ')
    .filter(flag => /^(avx|amx|fma)/.test(flag))
    .sort()
  return [field('vendor_id'), field('cpu family'), field('model'), field('cache size'), ...vectors].join(' ')
}
