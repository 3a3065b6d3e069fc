import { describe, expect, it } from 'vitest'
import { SimClock } from '#base/clock.js'
import { Interruption } from './interrupt.js'
import { Loop } from './loop.js'
import { createRealm } from './realm.js'
import { createTestScope } from './testing/scope.js'

function setup(): { clock: SimClock; loop: Loop; errors: unknown[] } {
  const clock = new SimClock()
  const errors: unknown[] = []
  return { clock, errors, loop: new Loop(createRealm(), clock, (error) => errors.push(error)) }
}

describe('Loop', () => {
  it('runs blocking calls one after the other, however many the script starts at once', async () => {
    const { clock, loop } = setup()
    const trace: string[] = []
    const call = (name: string, ms: number): Promise<void> =>
      loop
        .block<void>((resolve) => {
          trace.push(`${name} starts ${clock.nowNs() / 1e6}`)
          return clock.at(clock.nowNs() + ms * 1e6, () => resolve())
        })
        .then(() => void trace.push(`${name} ends ${clock.nowNs() / 1e6}`))
    void call('a', 10)
    void call('b', 5)
    void call('c', 1)
    await clock.advanceTo(100e6)
    expect(trace).toEqual(['a starts 0', 'a ends 10', 'b starts 10', 'b ends 15', 'c starts 15', 'c ends 16'])
  })

  it('holds timers back while a call blocks', async () => {
    const { clock, loop } = setup()
    const trace: string[] = []
    loop.setTimeout(() => trace.push(`timer ${clock.nowNs() / 1e6}`), 5)
    void loop.block<void>((resolve) => clock.at(20e6, () => resolve())).then(() => void trace.push('call'))
    await clock.advanceTo(30e6)
    expect(trace).toEqual(['call', 'timer 20'])
  })

  it('ends waiting calls with the interruption, and cancels what they started', async () => {
    const { clock, loop } = setup()
    let cancelled = 0
    const outcomes: unknown[] = []
    for (let i = 0; i < 3; i++)
      loop.block<void>(() => () => void cancelled++).catch((error: unknown) => outcomes.push(error))
    const reason = new Interruption('stopped')
    loop.interrupt(reason)
    await clock.advanceTo(1e6)
    expect(outcomes).toEqual([reason, reason, reason])
    expect(cancelled).toBe(1)
    await expect(loop.block(() => {})).rejects.toBe(reason)
  })

  it('forgets the callbacks of an iteration that has ended', async () => {
    const { clock, loop, errors } = setup()
    const late = loop.register()
    loop.setInterval(() => errors.push('interval ran'), 1)
    loop.interrupt(new Interruption('stopped'))
    loop.reset()
    late(() => errors.push('late callback ran'))
    let idle = false
    loop.whenIdle(() => (idle = true))
    await clock.advanceTo(50e6)
    expect(errors).toEqual([])
    expect(idle).toBe(true)
  })
})

describe('a host and a channel', () => {
  it('a call that hosts handlers lets what they block on begin at once, and holds back timers', async () => {
    const { loop } = createTestScope()
    const order: string[] = []
    loop.setTimeout(() => order.push('timer'), 0)
    await loop.host<void>((resolve) => {
      void (async () => {
        await loop.block<void>((done) => {
          setTimeout(done, 5)
        })
        order.push('inner')
        resolve()
      })()
    })
    order.push('outer')
    await new Promise<void>((resolve) => loop.whenIdle(resolve))
    expect(order).toEqual(['inner', 'outer', 'timer'])
  })

  it('a channel keeps the loop from being idle until it is closed, and hears when it is dropped', async () => {
    const { loop } = createTestScope()
    const order: string[] = []
    const channel = loop.channel(() => order.push('dropped'))
    loop.whenIdle(() => order.push('idle'))
    channel.run(() => order.push('at once'))
    expect(order).toEqual(['at once'])
    channel.post(() => order.push('posted'))
    channel.close()
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(order).toEqual(['at once', 'posted', 'idle'])
    const second = loop.channel(() => order.push('dropped'))
    loop.reset()
    second.run(() => order.push('never'))
    expect(order.at(-1)).toBe('dropped')
  })
})
