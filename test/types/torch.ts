// One door for the programs here: the names that a user imports, and all of them as `torch`.
export * from '../../src'
export * as torch from '../../src'
