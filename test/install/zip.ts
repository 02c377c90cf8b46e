import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'

export interface ZipEntry {
  name: string
  content: string | Buffer
  /** Unix mode with its type, as zip stores it. */
  mode?: number
  /** A checksum that is not the content's. */
  crc?: number
}

/** Writes a small zip archive, nothing compressed: what libtorch archives and wheels are to the installer. */
export function zip(entries: ZipEntry[]): Buffer {
  const locals: Buffer[] = []
  const centrals: Buffer[] = []
  let offset = 0
  for (const { name, content, mode = 0o100644, crc } of entries) {
    const data = Buffer.from(content)
    const fields = Buffer.alloc(26)
    fields.writeUInt16LE(20, 0) // version needed
    fields.writeUInt32LE(crc ?? crc32(data), 10)
    fields.writeUInt32LE(data.length, 14)
    fields.writeUInt32LE(data.length, 18)
    fields.writeUInt16LE(Buffer.byteLength(name), 22)
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), fields, Buffer.from(name), data])
    const tail = Buffer.alloc(14)
    tail.writeUInt32LE(mode * 0x10000, 6)
    tail.writeUInt32LE(offset, 10)
    centrals.push(Buffer.concat([Buffer.from('PK\x01\x02'), Buffer.from([20, 3]), fields, tail, Buffer.from(name)]))
    locals.push(local)
    offset += local.length
  }
  const directory = Buffer.concat(centrals)
  const end = Buffer.alloc(18)
  end.writeUInt16LE(entries.length, 4)
  end.writeUInt16LE(entries.length, 6)
  end.writeUInt32LE(directory.length, 8)
  end.writeUInt32LE(offset, 12)
  return Buffer.concat([...locals, directory, Buffer.from('PK\x05\x06'), end])
}

/** The files by which the installer knows a libtorch, under `prefix`. */
export function libtorchFiles(prefix: string, version: string, cuda = false): ZipEntry[] {
  const [major, minor, patch] = version.split('.')
  const header = `#define TORCH_VERSION_MAJOR ${major}\n#define TORCH_VERSION_MINOR ${minor}\n#define TORCH_VERSION_PATCH ${patch}\n`
  const libraries = ['torch', 'torch_cpu', 'c10', ...(cuda ? ['torch_cuda'] : [])]
  const extension = process.platform === 'darwin' ? 'dylib' : 'so'
  return [
    { name: `${prefix}include/torch/headeronly/version.h`, content: header },
    { name: `${prefix}include/torch/csrc/api/include/torch/torch.h`, content: '#pragma once\n' },
    { name: `${prefix}include/ATen/ATen.h`, content: '#pragma once\n' },
    ...libraries.map(name => ({
      name: `${prefix}lib/lib${name}.${extension}`,
      content: `${name} of ${version} `.repeat(3000),
      mode: 0o100755,
    })),
  ]
}

/** The official archive: everything under `libtorch/`, and its version in a file of its own. */
export function archive(build: string, extra: ZipEntry[] = []): Buffer {
  const cuda = !build.endsWith('+cpu')
  const version = build.split('+')[0]
  return zip([
    ...libtorchFiles('libtorch/', version, cuda),
    { name: 'libtorch/build-version', content: `${build}\n` },
    ...extra,
  ])
}

/** A Python wheel with its METADATA and a RECORD of hashes. */
export function wheel(name: string, version: string, files: ZipEntry[], requires: string[] = []): Buffer {
  const info = `${name}-${version}.dist-info`
  const metadata = [`Metadata-Version: 2.1`, `Name: ${name}`, `Version: ${version}`]
  const tag = 'Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n'
  const all: ZipEntry[] = [
    ...files,
    { name: `${info}/METADATA`, content: `${[...metadata, ...requires.map(r => `Requires-Dist: ${r}`)].join('\n')}\n` },
    { name: `${info}/WHEEL`, content: tag },
  ]
  const record = all.map(file => {
    const hash = createHash('sha256').update(file.content).digest('base64url')
    return `${file.name},sha256=${hash},${Buffer.byteLength(file.content)}`
  })
  return zip([...all, { name: `${info}/RECORD`, content: `${record.join('\n')}\n${info}/RECORD,,\n` }])
}

/** torch's wheel, as pip gets it. */
export function torchWheel(build: string, options: { requires?: string[]; extra?: ZipEntry[] } = {}): Buffer {
  const version = build.split('+')[0]
  const cuda = /\+cu(\d+)(\d)$/.exec(build)
  const facts = `__version__ = '${build}'\ncuda: Optional[str] = ${cuda ? `'${cuda[1]}.${cuda[2]}'` : 'None'}\n`
  const files = [
    ...libtorchFiles('torch/', version, cuda !== null),
    { name: 'torch/version.py', content: facts },
    { name: 'torch/__init__.py', content: 'raise ImportError("nobody may import this")\n' },
    { name: 'torch/lib/libtorch_python.so', content: 'needs a Python' },
    ...(options.extra ?? []),
  ]
  return wheel('torch', build, files, options.requires)
}
