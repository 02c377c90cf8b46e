import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as torch from '../src/index'

const x = torch.tensor([1, 2], { requiresGrad: true })
const turn = () => new Promise<void>(resolve => setImmediate(resolve))

/** The warnings that the process gives while `during` runs and in the turn after it. */
async function warningsOf(during: () => unknown): Promise<Error[]> {
  const warnings: Error[] = []
  const listen = (warning: Error) => warnings.push(warning)
  process.on('warning', listen)
  try {
    await during()
    await turn()
    await turn()
  } finally {
    process.off('warning', listen)
  }
  return warnings
}

describe('noGrad, enableGrad, inferenceMode', () => {
  test('with a function: recording is off inside, and as before after it', () => {
    const y = torch.noGrad(() => {
      assert.equal(torch.isGradEnabled(), false)
      return x.mul(2)
    })
    assert.equal(y.requiresGrad, false)
    assert.equal(torch.isGradEnabled(), true)
    assert.equal(x.mul(2).requiresGrad, true)
  })

  test('nested, each gives back what it found', () => {
    torch.noGrad(() => {
      torch.enableGrad(() => {
        assert.equal(x.mul(2).requiresGrad, true)
        torch.noGrad(() => assert.equal(x.mul(2).requiresGrad, false))
        assert.equal(torch.isGradEnabled(), true)
      })
      assert.equal(torch.isGradEnabled(), false)
    })
    assert.equal(torch.isGradEnabled(), true)
  })

  test('a throw closes them', () => {
    for (const scope of [torch.noGrad, torch.enableGrad, torch.inferenceMode]) {
      assert.throws(
        () =>
          scope(() => {
            throw new Error('mine')
          }),
        /mine/,
      )
      assert.equal(torch.isGradEnabled(), true)
      assert.equal(torch.isInferenceModeEnabled(), false)
    }
  })

  test('inference mode: what it makes cannot take part in autograd', () => {
    const made = torch.inferenceMode(() => {
      assert.equal(torch.isInferenceModeEnabled(), true)
      return x.mul(2)
    })
    assert.equal(torch.isInferenceModeEnabled(), false)
    assert.equal(made.requiresGrad, false)
    assert.throws(() => made.mul(x).sum().backward(), { code: 'ERR_LIBTORCH', message: /[Ii]nference tensors? cannot/ })
  })

  test('setGradEnabled switches until the next switch, and takes a boolean', () => {
    torch.setGradEnabled(false)
    assert.equal(x.mul(2).requiresGrad, false)
    torch.setGradEnabled(true)
    assert.throws(() => torch.setGradEnabled(1 as never), { code: 'ERR_INVALID_ARG_TYPE' })
    assert.equal(torch.isGradEnabled(), true)
  })

  test('they take a function or nothing', () => {
    for (const scope of [torch.noGrad, torch.enableGrad, torch.inferenceMode]) {
      assert.throws(() => scope(3 as never), { code: 'ERR_INVALID_ARG_TYPE', message: /takes a function/ })
      assert.throws(() => scope(null as never), { code: 'ERR_INVALID_ARG_TYPE' })
    }
    assert.equal(torch.isGradEnabled(), true)
  })

  test('an async function is ERR_ASYNC_SCOPE; what follows its await runs outside', async () => {
    let after: boolean | undefined
    for (const scope of [torch.noGrad, torch.enableGrad, torch.inferenceMode]) {
      assert.throws(
        () =>
          scope(async () => {
            await turn()
            after = torch.isGradEnabled()
          }),
        { code: 'ERR_ASYNC_SCOPE', name: 'AsyncScopeError', message: new RegExp(`^${scope.name} takes a synchronous`) },
      )
      assert.equal(torch.isGradEnabled(), true)
    }
    await turn()
    await turn()
    assert.equal(after, true)
    // biome-ignore lint/suspicious/noThenProperty: a thenable is a promise too
    assert.throws(() => torch.noGrad(() => ({ then() {} })), { code: 'ERR_ASYNC_SCOPE' })
  })
})

describe('using', () => {
  test('closes at the end of the block, on a throw too', async () => {
    const warnings = await warningsOf(() => {
      {
        using _ = torch.noGrad()
        assert.equal(torch.isGradEnabled(), false)
        {
          using _ = torch.enableGrad()
          assert.equal(torch.isGradEnabled(), true)
        }
        assert.equal(torch.isGradEnabled(), false)
      }
      assert.equal(torch.isGradEnabled(), true)
      assert.throws(() => {
        using _ = torch.inferenceMode()
        throw new Error('mine')
      }, /mine/)
      assert.equal(torch.isInferenceModeEnabled(), false)
    })
    assert.deepEqual(warnings, [])
  })

  test('disposing a scope twice does nothing more', () => {
    const scope = torch.noGrad()
    scope[Symbol.dispose]()
    torch.noGrad(() => {
      scope[Symbol.dispose]()
      assert.equal(torch.isGradEnabled(), false)
    })
    assert.equal(torch.isGradEnabled(), true)
  })

  for (const scope of [torch.noGrad, torch.inferenceMode]) {
    test(`${scope.name}() left open over an await is closed at the next microtask, and reported`, async () => {
      let inside: boolean | undefined
      let closing: unknown
      const warnings = await warningsOf(async () => {
        const leak = async () => {
          using _ = scope()
          await null
          inside = torch.isGradEnabled()
        }
        await leak().catch(error => {
          closing = error
        })
      })
      assert.equal(inside, true, 'recording is on again after the await')
      assert.equal(torch.isGradEnabled(), true)
      assert.equal(torch.isInferenceModeEnabled(), false)
      const codes = [...warnings, closing].filter(Boolean).map(error => (error as torch.TorchError).code)
      assert.ok(codes.length > 0 && codes.every(code => code === 'ERR_ASYNC_SCOPE'), `${codes}`)
      assert.match(String(warnings[0]), new RegExp(`scope of ${scope.name}\\(\\) was still open`))
    })
  }

  test('one that is never closed is closed and reported too', async () => {
    const warnings = await warningsOf(() => {
      torch.noGrad()
      assert.equal(torch.isGradEnabled(), false)
    })
    assert.equal(torch.isGradEnabled(), true)
    assert.deepEqual(
      warnings.map(warning => (warning as torch.TorchError).code),
      ['ERR_ASYNC_SCOPE'],
    )
  })

  test('two left open at once, as concurrent async functions do, leave recording on', async () => {
    for (const [first, second] of [
      [torch.noGrad, torch.noGrad],
      [torch.noGrad, torch.enableGrad],
      [torch.inferenceMode, torch.noGrad],
      [torch.noGrad, torch.inferenceMode],
    ] as const) {
      const leak = async (scope: typeof first) => {
        using _ = scope()
        await null
      }
      await warningsOf(() => Promise.allSettled([leak(first), leak(second)]))
      const modes = [torch.isGradEnabled(), torch.isInferenceModeEnabled()]
      torch.setGradEnabled(true)
      assert.deepEqual(modes, [true, false], `${first.name}, ${second.name}`)
    }
  })

  test('closed in the order that they were opened: as if the inner one were closed first', () => {
    const outer = torch.noGrad()
    const inner = torch.noGrad()
    outer[Symbol.dispose]()
    inner[Symbol.dispose]()
    const enabled = torch.isGradEnabled()
    torch.setGradEnabled(true)
    assert.equal(enabled, true)
  })
})
