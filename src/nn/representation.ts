import type { Parameter } from './parameter'

/** Indents all lines but the first by two spaces; blank lines stay empty. */
export function indented(text: string): string {
  const [first, ...rest] = text.split('\n')
  return [first, ...rest.map(line => (line.trim() === '' ? '' : `  ${line}`))].join('\n')
}

/** The line of a parameter in a container, as Python prints it. */
export function parameterLine(name: string, parameter: Parameter, type: string): string {
  const place = parameter.device.startsWith('cuda') ? ` (${parameter.device})` : ''
  const size = (parameter.shape as readonly number[]).join('x')
  return `  (${name}): Parameter containing: [${type} of size ${size}${place}]`
}
