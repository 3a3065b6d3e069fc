import { afterAll, describe, expect, it } from 'vitest'
import { compileScript, loadScript, type RunResult, RunState, systemClock, TestRun } from '#api/index.js'
import { join } from 'node:path'
import { rmSync } from 'node:fs'
import { folder } from './cli.js'

const cwd = folder({
  'controlled.js': `import { sleep } from 'k6'
export const options = { scenarios: { a: { executor: 'externally-controlled', vus: 3, maxVUs: 5, duration: '90s' } } }
export function setup() { return { n: 1 } }
export default function () { sleep(0.05) }
export function teardown() { console.log('torn down') }`,
  'looping.js': `import { sleep } from 'k6'
export const options = { vus: 4, duration: '90s' }
export default function () { sleep(0.05) }`,
})
afterAll(() => rmSync(cwd, { recursive: true, force: true }))

async function start(script: string, workers: number, flags: Record<string, unknown> = {}): Promise<Started> {
  const source = await loadScript(join(cwd, script), cwd, process.stdin)
  const lines: string[] = []
  const run = new TestRun(
    {
      compiled: compileScript(source, { cacheDir: join(cwd, 'cache') }),
      entryUrl: source.url,
      tiers: { configFile: {}, env: {}, flags, mergeRunTags: false, defaults: {} } as never,
      env: {},
      proxyEnv: {},
      summaryBy: [],
      failOnCheck: false,
      failOnError: false,
      strict: false,
      workers,
      clock: systemClock,
    },
    {
      rawSamples: false,
      log: (line) => void lines.push(line.message),
      planned: () => {},
      live: () => {},
      window: () => {},
      injector: () => {},
      samples: () => {},
      event: () => {},
      missing: () => [],
    },
  )
  return { run, lines, result: run.run(() => undefined) }
}

interface Started {
  readonly run: TestRun
  readonly lines: readonly string[]
  readonly result: Promise<RunResult>
}

/** Until it is so: control takes effect within a message or two, however busy the machine is. */
async function until(what: () => boolean): Promise<void> {
  while (!what()) await new Promise((resolve) => setTimeout(resolve, 20))
}

describe.each([1, 2])('a run on %i workers, controlled from outside', (workers) => {
  it('is held, started, scaled, paused, resumed and stopped', async () => {
    const { run, lines, result } = await start('controlled.js', workers, { paused: true })
    const { control } = run
    await until(() => control.status().status === RunState.pausedBeforeRun)
    expect(control.status()).toEqual({
      status: RunState.pausedBeforeRun,
      paused: true,
      vus: 0,
      vusMax: 5,
      stopped: false,
      running: false,
      tainted: false,
    })
    await expect(control.pause()).rejects.toThrow('execution is already paused')
    await control.resume()
    await until(() => control.status().vus === 3)
    expect(control.status()).toMatchObject({ status: RunState.running, paused: false, running: true, vusMax: 5 })
    expect(control.setupData).toBe('{"n":1}')

    await expect(control.scale({ vus: 9 })).rejects.toThrow(
      'the number of active VUs (9) must be less than or equal to the number of maxVUs (5)',
    )
    await expect(control.scale({ vus: -1 })).rejects.toThrow("the number of VUs can't be negative")
    await expect(control.scale({ max: 4 })).rejects.toThrow(
      'the new number of max VUs cannot be lower than the starting number of max VUs (5)',
    )
    await control.scale({ vus: 7, max: 8 })
    await until(() => control.status().vus === 7)
    expect(control.status().vusMax).toBe(8)
    await control.scale({ vus: 2, max: 5 })
    await until(() => control.status().vus === 2)
    expect(control.status().vusMax).toBe(5)

    await control.pause()
    await until(() => control.status().vus === 0)
    expect(control.status()).toMatchObject({ paused: true, running: true })
    await expect(control.pause()).rejects.toThrow('test execution was already paused')
    await control.resume()
    await until(() => control.status().vus === 2)
    await expect(control.resume()).rejects.toThrow("test execution wasn't paused")

    control.stop()
    const { end, iterationsCompleted } = await result
    expect([end.code, end.text]).toEqual([103, 'test run stopped from REST API'])
    expect(iterationsCompleted).toBeGreaterThan(0)
    expect(lines).toContain('torn down')
  })

  it('refuses what k6 refuses of a run whose scenarios are not controlled', async () => {
    const { run, result } = await start('looping.js', workers)
    const { control } = run
    await until(() => control.status().vus === 4)
    await expect(control.pause()).rejects.toThrow(
      "constant-vus executor 'default' doesn't support pause and resume operations after its start",
    )
    await expect(control.scale({ vus: 1 })).rejects.toThrow(
      'an externally-controlled executor needs to be configured for live configuration updates',
    )
    control.stop()
    expect((await result).end.code).toBe(103)
  })

  it('ends when it is stopped while it is held', async () => {
    const { run, result } = await start('looping.js', workers, { paused: true })
    await until(() => run.control.status().status === RunState.pausedBeforeRun)
    run.interrupt('interrupt')
    const { end, iterationsCompleted } = await result
    expect([end.code, iterationsCompleted]).toEqual([105, 0])
  })
})
