import { describe, expect, it } from 'vitest'
import { createTestScope, type TestScope } from '../data/testing/scope.js'
import { createTimersModule } from './index.js'

const run = (scope: TestScope, source: string, more: Record<string, unknown> = {}): unknown =>
  scope.run(source, { ...createTimersModule(scope), ...more })
const idle = (scope: TestScope): Promise<void> => new Promise((resolve) => scope.loop.whenIdle(resolve))
const failure = (source: string): unknown => {
  const scope = createTestScope()
  return run(scope, `(() => { try { ${source} } catch (e) { return String(e) + ' ' + (e instanceof Error) } })()`)
}

describe('timers', () => {
  it('call back with their arguments, in time order, and number themselves from 1', async () => {
    const scope = createTestScope()
    const seen: unknown[] = []
    run(
      scope,
      `[setTimeout((a, b) => seen.push(a, b), 5, 'x', 'y'), setTimeout(() => seen.push('first'))].forEach((id) => seen.push(id))`,
      { seen },
    )
    await idle(scope)
    expect(seen).toEqual([1, 2, 'first', 'x', 'y'])
  })

  it('can be cleared, from inside an interval too', async () => {
    const scope = createTestScope()
    const seen: unknown[] = []
    run(
      scope,
      `(() => { clearTimeout(setTimeout(() => seen.push('never'), 1))
      const id = setInterval(() => { if (seen.push('tick') === 2) clearInterval(id) }, 1) })()`,
      { seen },
    )
    await idle(scope)
    expect(seen).toEqual(['tick', 'tick'])
  })

  it('clear what is no timer without complaint', () => {
    expect(failure(`clearTimeout(); clearTimeout('foo'); clearInterval(999); return 'ok'`)).toBe('ok')
  })

  it('are the same functions each time they are asked for', () => {
    const scope = createTestScope()
    expect(createTimersModule(scope)['setTimeout']).toBe(createTimersModule(scope)['setTimeout'])
  })

  it("refuse what is no function in k6's words", () => {
    expect(failure(`setTimeout()`)).toBe("GoError: setTimeout's callback isn't a callable function true")
    expect(failure(`setInterval(null)`)).toBe("GoError: setInterval's callback isn't a callable function true")
    expect(failure(`setTimeout('x')`)).toBe(
      'TypeError: could not convert function call parameter 0: could not convert x to sobek.Callable true',
    )
  })
})
