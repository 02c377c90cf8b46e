/** Indents all lines but the first by two spaces; blank lines stay empty. */
export function indented(text: string): string {
  const [first, ...rest] = text.split('\n')
  return [first, ...rest.map(line => (line.trim() === '' ? '' : `  ${line}`))].join('\n')
}
