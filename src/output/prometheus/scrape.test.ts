import { request } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import { createOutputs, type OutputSet } from '../index.js'
import { httpReceiver } from '../testing/receiver.js'
import { sample, send, testContext } from '../testing/run.js'

const open: OutputSet[] = []
afterEach(async () => {
  for (const set of open.splice(0)) await set.stop(0)
})

/** Listens on a free port, which its one line of the log names. */
async function endpoint(spec = 'prometheus-scrape=127.0.0.1:0', env = {}) {
  const context = testContext({ env, options: { ...testContext().options, tags: { testid: 'x' } } })
  const set = await createOutputs([spec], context)
  await set.start()
  open.push(set)
  const url = /http:\/\/\S+/.exec(context.warnings[0] ?? '')![0]
  return { set, url }
}

describe('the scrape endpoint', () => {
  it('shows what remote write sends, as text that Prometheus takes', async () => {
    const { set, url } = await endpoint('prometheus-scrape=127.0.0.1:0', { K6_PROMETHEUS_RW_TREND_STATS: 'avg,p(95)' })
    send(set, [
      sample('reqs', 'counter', 3, { tags: { 'test-id': 'a"b\\c\nd', empty: '', '9x': 'y' } }),
      sample('took', 'trend', 250, { contains: 'time' }),
      sample('level', 'gauge', Number.POSITIVE_INFINITY),
    ])
    const answer = await fetch(url)
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    expect(await answer.text()).toBe(
      [
        '# TYPE k6_reqs_total counter',
        'k6_reqs_total{_9x="y",test_id="a\\"b\\\\c\\nd"} 3',
        '# TYPE k6_took_avg gauge',
        'k6_took_avg 0.25',
        '# TYPE k6_took_p95 gauge',
        'k6_took_p95 0.25',
        '# TYPE k6_level gauge',
        'k6_level +Inf',
        '',
      ].join('\n'),
    )
  })

  it('goes on counting, whether somebody comes or not', async () => {
    const { set, url } = await endpoint()
    for (let i = 0; i < 3; i++) send(set, [sample('reqs', 'counter', 1)])
    expect(await (await fetch(url)).text()).toContain('k6_reqs_total 3\n')
    send(set, [sample('reqs', 'counter', 1)])
    expect(await (await fetch(url)).text()).toContain('k6_reqs_total 4\n')
  })

  it('tells of the run itself', async () => {
    const { set, url } = await endpoint()
    set.state({ unixMs: 1, scenarios: [], injector: { cpu_ratio: 0.25 }, iterationErrors: 0, thresholds: [] })
    expect(await (await fetch(url)).text()).toContain('perfwright_injector_cpu_ratio{testid="x"} 0.25\n')
  })

  it('has one page, and only for readers', async () => {
    const { url } = await endpoint()
    expect((await fetch(new URL('/other', url))).status).toBe(404)
    expect((await fetch(url, { method: 'POST', body: 'x' })).status).toBe(405)
    const head = await fetch(url, { method: 'HEAD' })
    expect([head.status, await head.text()]).toEqual([200, ''])
  })

  it('is not held up by a reader that does not read', async () => {
    const { set, url } = await endpoint()
    send(
      set,
      Array.from({ length: 20_000 }, (_, i) => sample('reqs', 'counter', 1, { tags: { i: String(i) } })),
    )
    const lazy = request(url).end()
    lazy.on('error', () => {})
    await new Promise((resolve) => lazy.on('response', resolve))
    expect((await (await fetch(url)).text()).split('\n')).toHaveLength(20_002)
    expect(await set.stop(1e9)).toEqual([])
  })

  it('stays for the last values when asked to, until they are fetched', async () => {
    const { set, url } = await endpoint('prometheus-scrape=127.0.0.1:0,linger=1m')
    send(set, [sample('reqs', 'counter', 5)])
    const stopping = set.stop(1e9)
    expect(await (await fetch(url)).text()).toContain('k6_reqs_total 5\n')
    expect(await stopping).toEqual([])
    await expect(fetch(url)).rejects.toThrow()
  })

  it.each([
    ['prometheus-scrape=nowhere', 'PW_OUTPUT_CREATE', /"nowhere" is no address; it should look like/],
    ['prometheus-scrape=127.0.0.1:99999', 'PW_OUTPUT_CREATE', /is no address/],
    ['prometheus-scrape=127.0.0.1:0,stay=1', 'PW_OUTPUT_CREATE', /unknown setting "stay=1"; there is linger=TIME/],
    ['prometheus-scrape=127.0.0.1:0,linger=x', 'PW_OUTPUT_CREATE', /linger: time: invalid duration "x"/],
  ])('%s is refused', async (spec, code, message) => {
    await expect(createOutputs([spec], testContext())).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    })
  })

  it('says when the port is taken, before anything runs', async () => {
    const other = await httpReceiver()
    const set = await createOutputs([`prometheus-scrape=127.0.0.1:${other.port}`], testContext())
    await expect(set.start()).rejects.toMatchObject({
      code: 'PW_OUTPUT_LISTEN',
      message: `cannot listen on 127.0.0.1:${other.port}: the port is taken`,
      exitCode: 106,
    })
    await other.close()
  })
})
