import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { data, manualSeed, ones, randint, type Tensor, zeros } from '../src'
import { assertTensor, isExact, readFixture, type TensorFixture, tensorOf } from './reference/tensors'

interface Case {
  name: string
  image: string
  args: unknown[]
  options: Record<string, unknown>
  seed: number
  text: string
  made: TensorFixture
  after: number[]
}

const { transforms } = data
const fixture = readFixture<{ torchvision: string; images: Record<string, TensorFixture>; cases: Case[] }>('transforms')
const exact = isExact(fixture)
/** Nothing but copies, comparisons and correctly rounded single steps: the same on every processor. */
const PLAIN = /Flip|CenterCrop|RandomCrop|Pad|ToTensor|ConvertImageDtype/

function make(name: string, args: unknown[], options: Record<string, unknown>): data.transforms.Transform {
  const all = Object.keys(options).length > 0 ? [...args, options] : args
  return new (transforms as any)[name](...all)
}

describe(`transforms are those of torchvision ${fixture.torchvision}`, () => {
  for (const { name, image, args, options, seed, text, made, after } of fixture.cases) {
    test(`${name} ${JSON.stringify(args)} ${JSON.stringify(options)} of ${image}, seed ${seed}`, () => {
      const transform = make(name, args, options)
      manualSeed(seed)
      const source = tensorOf(fixture.images[image]!)
      const before = source.clone()
      assertTensor(transform.forward(source).contiguous(), made, name, exact || PLAIN.test(name))
      assert.deepEqual(randint(0, 2 ** 31, [2]).tolist(), after, 'the random state')
      assert.deepEqual(source.tolist(), before.tolist(), 'the image was left alone')
      assert.equal(String(transform), text)
    })
  }
})

test('Compose: transforms and functions in order, as Python prints them', async () => {
  const { Compose, Lambda, Normalize, RandomHorizontalFlip, ToTensor } = transforms
  const compose = new Compose([new RandomHorizontalFlip(1), new ToTensor(), new Normalize([0.5], [0.5])])
  const made = compose.forward(zeros([1, 2, 3], { dtype: 'uint8' })) as Tensor
  assert.deepEqual(made.tolist(), [[[-1, -1, -1], [-1, -1, -1]]]) // biome-ignore format: rows
  assert.equal(
    String(compose),
    'Compose(\n    RandomHorizontalFlip(p=1)\n    ToTensor()\n    Normalize(mean=(0.5,), std=(0.5,))\n)',
  )
  assert.equal(new Compose([(x: number) => x + 1, new Lambda((x: number) => x * 2)]).forward(3), 8)
  assert.equal(await new Compose([async (x: number) => x + 1, (x: number) => x * 2]).forward(3), 8)
  assert.throws(() => new Compose([5] as never), { code: 'ERR_INVALID_ARG_TYPE', message: /got the number 5/ })
  assert.throws(() => new Compose(5 as never), { code: 'ERR_INVALID_ARG_TYPE' })
  assert.throws(() => new Lambda(5 as never), { code: 'ERR_INVALID_ARG_TYPE' })
})

test('images without channels, where torchvision has no answer', () => {
  const flat = ones([4, 6])
  const { resize, rotate } = transforms.functional
  assert.deepEqual(resize(flat, 2).shape, [2, 3])
  assert.deepEqual(rotate(flat, 180).tolist(), flat.tolist())
})

test('mistakes', () => {
  const t = transforms
  const image = ones([3, 4, 5])
  const refused = (run: () => unknown, code: string, message: RegExp) => assert.throws(run, { code, message })
  const [type, value] = ['ERR_INVALID_ARG_TYPE', 'ERR_INVALID_ARG_VALUE']
  refused(() => new t.RandomHorizontalFlip(2), value, /'p' must be from 0 to 1, got 2/)
  refused(() => new t.RandomVerticalFlip('1' as never), type, /'p' must be a number/)
  refused(() => new t.RandomHorizontalFlip({ q: 1 } as never), 'ERR_UNKNOWN_OPTION', /no option 'q'/)
  refused(() => new t.RandomCrop(0), type, /'size' must be an integer of at least 1/)
  refused(() => new t.RandomCrop(3, { fill: '1' } as never), type, /'fill'/)
  refused(() => new t.RandomCrop(9).forward(image), value, /Required crop size \(9, 9\) is larger than .* \(4, 5\)/)
  refused(() => new t.Pad([1, 2, 3] as never).forward(image), type, /an integer or 1, 2, or 4/)
  refused(() => new t.Pad(1, { paddingMode: 'mirror' } as never), type, /'paddingMode'/)
  refused(() => new t.Pad(7, { paddingMode: 'symmetric' }).forward(image), value, /symmetric padding/)
  refused(() => new t.Resize([1, 2, 3]), type, /'size'/)
  refused(() => new t.Resize(4, { interpolation: 'cubic' } as never), type, /'interpolation'/)
  refused(() => new t.Resize(4, { maxSize: 4 }).forward(ones([1, 5, 9])), value, /strictly greater/)
  refused(() => new t.Resize([4, 4], { maxSize: 9 }).forward(image), value, /maxSize/)
  refused(() => new t.RandomResizedCrop(4, { scale: [1] } as never), type, /'scale'/)
  refused(() => new t.RandomRotation(-1), value, /must be positive/)
  refused(() => new t.RandomRotation('x' as never), type, /'degrees'/)
  refused(() => new t.RandomRotation(10, { fill: [1, 2] }).forward(image), value, /'fill' cannot broadcast/)
  refused(() => new t.ColorJitter(-1), value, /brightness is a single number, it must be non negative/)
  refused(() => new t.ColorJitter({ hue: 0.7 }), value, /hue values should be between/)
  refused(() => new t.ColorJitter({ contrast: 'x' } as never), type, /contrast should be/)
  refused(() => new t.ColorJitter(0.5).forward(ones([2, 4, 4])), type, /permitted channel values/)
  refused(() => new t.Grayscale(2 as never), type, /1 or 3/)
  refused(() => new t.Normalize([0], [0]).forward(image), value, /std evaluated to zero/)
  refused(() => new t.Normalize([0], [1]).forward(image.to('uint8') as Tensor), type, /float tensor. Got uint8/)
  refused(() => new t.Normalize(0 as never, [1]), type, /'mean'/)
  refused(() => new t.ConvertImageDtype('float3' as never), type, /float3/)
  refused(() => new t.ConvertImageDtype('int32').forward(image), value, /cannot be performed safely/)
  refused(() => new t.ToTensor().forward([1] as never), type, /takes a tensor/)
  refused(() => new t.CenterCrop(2).forward(ones([3])), type, /at least two dimensions/)
})

test('transforms go to workers', async () => {
  const { Compose, ToTensor, RandomCrop, ColorJitter } = transforms
  const transform = new Compose([new RandomCrop(2, { padding: 1 }), new ColorJitter(0.5), new ToTensor()])
  const path = require.resolve('./programs/loader-data')
  const dataset = await data.fromModule<data.MapDataset<Tensor>>(path, 'Transformed', [transform])
  const [batch] = [await new data.DataLoader(dataset, { batchSize: 2, numWorkers: 1 })[Symbol.asyncIterator]().next()]
  assert.deepEqual([batch.value.shape, batch.value.dtype], [[2, 3, 2, 2], 'float32'])
})
