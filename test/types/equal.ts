/** True for identical types only: `const seen: Equal<typeof y, Tensor<[number, 10]>> = true`. */
export type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
