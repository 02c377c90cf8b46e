// What Python lets one write beyond the schemas.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as torch from '../src/index'

const x = torch.arange(6).float().view([2, 3])
const loose = x as torch.Tensor as unknown as Record<string, (...args: unknown[]) => torch.Tensor>
const refuses = (call: () => unknown, message: RegExp) => assert.throws(call, { code: 'ERR_INVALID_ARG_TYPE', message })

describe('conveniences of Python', () => {
  it('take one dimension for a list of one', () => {
    assert.deepEqual(x.sum(1).tolist(), [3, 12])
    assert.deepEqual(x.amax(0).tolist(), [3, 4, 5])
    assert.deepEqual(x.roll(1, 1).tolist(), [
      [2, 0, 1],
      [5, 3, 4],
    ])
  })

  it('refuse sizes that are no array, and say how to write them', () => {
    refuses(() => loose.view!(3, 2), /view\(\[3, 2\]\)$/)
    refuses(() => loose.reshape!(3, -1), /Sizes and dimensions are one array: reshape\(\[3, -1\]\)$/)
    refuses(() => loose.permute!(1, 0), /permute\(\[1, 0\]\)$/)
    refuses(() => loose.expand!(4, 2, 3), /expand\(\[4, 2, 3\]\)$/)
    refuses(() => loose.repeat!(2, 2), /repeat\(\[2, 2\]\)$/)
    refuses(() => loose.flip!(0), /flip\(\[0\]\)$/)
    assert.throws(
      () => loose.add!('1'),
      (error: Error) => !error.message.includes('one array'),
    )
  })

  it('take numbers where tensors are expected', () => {
    assert.deepEqual(torch.where(x.gt(2), x, 0).tolist(), [
      [0, 0, 0],
      [3, 4, 5],
    ])
    assert.deepEqual(torch.where(x.gt(2), 1, 0).dtype, 'int64')
    assert.deepEqual(torch.pow(2, x).at(1).tolist(), [8, 16, 32])
    assert.deepEqual(torch.clamp(x, 1, 2).at(0).tolist(), [1, 1, 2])
  })

  it('transpose without parentheses', () => {
    assert.deepEqual(x.T.shape, [3, 2])
    assert.deepEqual(x.mT.tolist(), x.t().tolist())
    assert.deepEqual(x.H.shape, [3, 2])
    assert.deepEqual(torch.rand([5, 2, 3]).mH.shape, [5, 3, 2])
  })

  it('iterate over rows', () => {
    const sums: number[] = []
    for (const row of x) sums.push(row.sum().item())
    assert.deepEqual(sums, [3, 12])
    assert.throws(() => [...torch.tensor(1)], /iteration over a 0-d tensor/)
  })

  it('split by a size and by sizes', () => {
    const shapes = (parts: readonly torch.Tensor<number[]>[]) => parts.map(({ shape }) => shape)
    assert.deepEqual(shapes(x.split(2, 1)), [
      [2, 2],
      [2, 1],
    ])
    assert.deepEqual(shapes(x.split([1, 2], 1)), [
      [2, 1],
      [2, 2],
    ])
    assert.throws(() => (x as torch.Tensor).split([1, 1], 1), { code: 'ERR_LIBTORCH' })
  })

  it('take tensors as one array, or one by one, in einsum and meshgrid', () => {
    const y = x.t()
    assert.deepEqual(torch.einsum('ij,jk->ik', [x, y]).tolist(), x.mm(y).tolist())
    assert.deepEqual(torch.einsum('ij,jk->ik', x, y).tolist(), x.mm(y).tolist())
    assert.deepEqual(torch.einsum('ij,jk', [x, y], { path: [0, 1] }).tolist(), x.mm(y).tolist())
    const [a, b] = torch.meshgrid([torch.arange(2), torch.arange(3)], { indexing: 'xy' })
    assert.deepEqual([a.tolist(), b.shape], [[[0, 1], [0, 1], [0, 1]], [3, 2]]) // biome-ignore format: a matrix
    assert.deepEqual(torch.meshgrid(torch.arange(2), torch.arange(3))[1].shape, [2, 3])
    refuses(() => torch.einsum('ij', 3 as never), /einsum got .*the number 3/)
    refuses(() => torch.meshgrid([torch.arange(2)], { indexing: 1 as never }), /meshgrid got .*indexing: the number 1/)
    assert.throws(() => torch.meshgrid([torch.arange(2)], { index: 'xy' } as never), { code: 'ERR_UNKNOWN_OPTION' })
  })

  it('contract by a number of dimensions, or by two lists of them, in tensordot', () => {
    const c = torch.arange(24).view([2, 3, 4])
    const d = torch.arange(12).view([3, 4])
    assert.deepEqual(torch.tensordot(c, d).tolist(), c.mul(d).sum([1, 2]).tolist())
    assert.deepEqual(torch.tensordot(c, d.t(), 1).shape, [2, 3, 3])
    assert.deepEqual(torch.tensordot(c, d, [[1, 2], [0, 1]]).tolist(), torch.tensordot(c, d, 2).tolist()) // biome-ignore format: one call
    assert.deepEqual(torch.tensordot(c, d, [1], [0]).shape, [2, 4, 4])
    assert.deepEqual(torch.tensordot(c, d, { dims: 0 }).shape, [2, 3, 4, 3, 4])
    refuses(() => torch.tensordot(c as torch.Tensor, d, 0.5), /'dims' is a number of dimensions/)
    refuses(() => torch.tensordot(c, 3 as never), /'other' must be a tensor, got the number 3/)
  })

  it('name what a call expects where no overload fits', () => {
    refuses(
      () => loose.gather!(x),
      /^gather got .*expects one of\n {2}aten::gather\(Tensor self, int dim, Tensor index/,
    )
  })
})
