import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SimClock, systemClock } from '#base/clock.js'
import { ProcessWatch } from './process-health.js'
import { ThreadWatch } from './thread-health.js'

describe('ThreadWatch', () => {
  it('sees that its thread was busy, and that its loop was held up', async () => {
    const watch = new ThreadWatch(systemClock)
    try {
      await new Promise((resolve) => setTimeout(resolve, 50))
      const until = performance.now() + 600
      while (performance.now() < until);
      await new Promise((resolve) => setTimeout(resolve, 50))
      const health = watch.sample()
      expect(health?.cpuRatio).toBeGreaterThan(0.2)
      expect(health?.loopLagMsMax).toBeGreaterThan(400)
      expect(health?.heapBytes).toBeGreaterThan(1e6)
      expect(watch.sample()).toBeUndefined()
    } finally {
      watch.close()
    }
  })
})

describe('ProcessWatch', () => {
  let root: string
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'pw-injector-'))
  })
  afterEach(() => rmSync(root, { recursive: true, force: true }))
  const put = (path: string, text: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }

  it('reads descriptors, ports, steal and throttling as the kernel writes them', async () => {
    const clock = new SimClock()
    const watch = new ProcessWatch(clock, root)
    put(
      'proc/self/limits',
      'Limit  Soft Limit  Hard Limit  Units\nMax open files            1024                 4096                 files\n',
    )
    for (const fd of ['0', '1', '2', '17']) put(`proc/self/fd/${fd}`, '')
    put('proc/sys/net/ipv4/ip_local_port_range', '32768\t60999\n')
    put('proc/net/sockstat', 'sockets: used 18\nTCP: inuse 20 orphan 0 tw 100 alloc 2 mem 3\n')
    put('proc/stat', 'cpu  100 0 100 800 0 0 0 0 0 0\ncpu0 1 2 3\n')
    put('sys/fs/cgroup/cpu.stat', 'usage_usec 1\nthrottled_usec 1000\n')
    expect(await watch.sample()).toBeUndefined()
    await clock.advanceTo(1e9)
    put('proc/stat', 'cpu  150 0 100 810 0 0 0 40 0 0\ncpu0 1 2 3\n')
    put('sys/fs/cgroup/cpu.stat', 'usage_usec 1\nthrottled_usec 251000\n')
    expect(await watch.sample()).toMatchObject({
      openFds: 4,
      fdLimit: 1024,
      portsTotal: 28_232,
      portsLeft: 28_232 - 100 - 4,
      stealRatio: 0.4,
      throttledRatio: 0.25,
    })
  })

  it('knows nothing where there is no /proc, and says so with undefined', async () => {
    const clock = new SimClock()
    const watch = new ProcessWatch(clock, root)
    await watch.sample()
    await clock.advanceTo(1e9)
    const health = await watch.sample()
    expect(health).toMatchObject({ openFds: undefined, portsLeft: undefined, stealRatio: undefined })
    expect(health?.rssBytes).toBeGreaterThan(1e6)
  })
})
