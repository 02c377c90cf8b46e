/** What registering a hook gives: `remove()` takes the hook away, once more does nothing. Mirrors `RemovableHandle`. */
export class RemovableHandle {
  #remove: (() => void) | undefined

  /** @internal */
  constructor(remove: () => void) {
    this.#remove = remove
  }

  remove(): void {
    const remove = this.#remove
    this.#remove = undefined
    remove?.()
  }

  [Symbol.dispose](): void {
    this.remove()
  }
}
