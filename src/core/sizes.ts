/** The product of sizes: the number of elements of a shape. */
export const product = (sizes: readonly number[]): number => sizes.reduce((all, size) => all * size, 1)
