/** `log_softmax_` -> `logSoftmax_`: PyTorch's words in camelCase; underscores at the ends keep their meaning. */
export function camelCase(name: string): string {
  const [, lead, body, trail] = /^(_*)(.*?)(_*)$/.exec(name)!
  return lead + body!.replace(/_+([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()) + trail
}
