// What Python calls things: where an operator is documented, and the names of its results.
import { readFileSync } from 'node:fs'

const words = JSON.parse(readFileSync(new URL('python.json', import.meta.url), 'utf8'))
const pages = Object.fromEntries(
  Object.entries(words.pages).map(([space, names]) => [space, new Set(names.split(' '))]),
)
const DOCS = 'https://docs.pytorch.org/docs/stable'

/** The page of PyTorch that documents an operator (by its name in the schemas), if one does. */
export function pageOf(name) {
  for (const space of ['linalg', 'fft', 'special']) {
    const short = name.slice(space.length + 1)
    if (!name.startsWith(`${space}_`) || !pages[space].has(short)) continue
    return space === 'special'
      ? `${DOCS}/special.html#torch.special.${short}`
      : `${DOCS}/generated/torch.${space}.${short}.html`
  }
  const both = pages.torch.has(name) && pages.Tensor.has(name)
  if (!both && pages['nn.functional'].has(name)) return `${DOCS}/generated/torch.nn.functional.${name}.html`
  if (pages.torch.has(name)) return `${DOCS}/generated/torch.${name}.html`
  if (pages.Tensor.has(name)) return `${DOCS}/generated/torch.Tensor.${name}.html`
  return undefined
}

/** Whether Python has an operator as a function of `torch`. */
export const isFunction = name => pages.torch.has(name)

/** The names of an operator's results, as Python's named tuple has them. */
export function resultNames(name) {
  return words.results[name]?.split(' ')
}
