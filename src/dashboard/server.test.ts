import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Duplex } from 'node:stream'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { systemClock } from '#base/clock.js'
import { writeSample } from '#record/testing/sample-run.js'
import { RecordShelf } from './records.js'
import { startServer } from './server.js'
import { ask, Listener, serve, type Served } from './testing/serve.js'
import { simulatedRun } from './testing/simulated-run.js'

const root = mkdtempSync(join(tmpdir(), 'pw-dashboard-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

let served: Served | undefined
const open = async (shelf?: RecordShelf): Promise<Served> => (served = await serve(shelf))
afterEach(async () => {
  await served?.close()
  served = undefined
})

/** Feeds seconds of a run. */
function feeder(
  session: Served['session'],
  endpoints = 5,
  activeEach = endpoints,
  nameOf = (i: number): string => `/endpoint/${i}`,
): (seconds: number) => void {
  const seconds = simulatedRun({ endpoints, activeEach, nameOf })
  return (count) => {
    for (let i = 0; i < count; i++) {
      const { value } = seconds.next() as IteratorYieldResult<ReturnType<typeof seconds.next>['value']>
      session.window(value.batch, value.time)
    }
  }
}

/** A page over a transport of the test's own making, on Node's real HTTP server. */
async function connectBy(session: Served['session'], write: (chunk: Buffer, done: () => void) => void): Promise<void> {
  const transport = new Duplex({ read() {}, write: (chunk: Buffer, _encoding, done) => write(chunk, done) })
  const server = createServer((_, response) => void session.feed.connect(response, undefined))
  server.emit('connection', transport)
  transport.push('GET / HTTP/1.1\r\nHost: dashboard\r\n\r\n')
  while (session.feed.pages === 0) await new Promise<void>((resolve) => setImmediate(resolve))
}

describe('who may use the dashboard', () => {
  it('lets in who has the token, then by a cookie that no script and no other site gets', async () => {
    const { port, token, cookie } = await open()
    const first = await ask(port, '/', { query: `?token=${token}` })
    expect(first.status).toBe(200)
    expect(first.headers['set-cookie']?.[0]).toMatch(/^perfwright_\d+=[\w-]{32}; HttpOnly; SameSite=Strict; Path=\/$/)
    expect(first.headers['set-cookie']?.[0]).not.toContain(token)
    expect((await ask(port, '/api/info', { headers: { Cookie: cookie } })).status).toBe(200)
    for (const path of ['/', '/app.js', '/api/info', '/api/live/run/events', '/api/live/run/history', '/records'])
      expect((await ask(port, path)).status, path).toBe(401)
    expect((await ask(port, '/', { query: `?token=${token}x` })).status).toBe(401)
    expect((await ask(port, '/', { query: '?token=' })).status).toBe(401)
  })

  it('refuses names that are not its own (DNS rebinding), other ports, and pages of other origins', async () => {
    const { port, cookie } = await open()
    const status = async (headers: Record<string, string>): Promise<number> =>
      (await ask(port, '/api/info', { headers: { Cookie: cookie, ...headers } })).status
    expect(await status({})).toBe(200)
    expect(await status({ Host: `localhost:${port}` })).toBe(200)
    expect(await status({ Host: `evil.example:${port}` })).toBe(403)
    expect(await status({ Host: `127.0.0.1:${port + 1}` })).toBe(403)
    expect(await status({ Host: `127.0.0.1.evil.example:${port}` })).toBe(403)
    expect(await status({ Host: `10.0.0.1:${port}` })).toBe(403)
    expect(await status({ Origin: `http://127.0.0.1:${port}` })).toBe(200)
    expect(await status({ Origin: 'http://evil.example' })).toBe(403)
    expect(await status({ Origin: 'null' })).toBe(403)
    expect(await status({ 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'no-cors' })).toBe(403)
  })

  it('changes nothing without cookie, own origin and JSON, whatever the token in the URL', async () => {
    const { port, cookie, token, asked } = await open()
    const post = async (headers: Record<string, string>, query = ''): Promise<number> =>
      (await ask(port, '/api/live/run/control', { method: 'POST', headers, query, body: '{"action":"stop"}' })).status
    const right = {
      Cookie: cookie,
      Origin: `http://127.0.0.1:${port}`,
      'Content-Type': 'application/json',
    }
    const { Origin: _, ...withoutOrigin } = right
    expect(await post(withoutOrigin)).toBe(403)
    expect(await post({ ...right, Origin: 'http://127.0.0.1:1' })).toBe(403)
    expect(await post({ ...right, 'Content-Type': 'text/plain' })).toBe(403)
    expect(await post({ ...right, Cookie: '' })).toBe(401)
    expect(await post({ ...right, Cookie: '' }, `?token=${token}`)).toBe(401)
    expect(asked).toEqual([])
    expect(await post(right)).toBe(200)
    expect(asked).toEqual([{ action: 'stop' }])
  })

  it('does what the engine allows and gives its reason for what it does not', async () => {
    const { port, cookie, asked, notes } = await open()
    const headers = { Cookie: cookie, Origin: `http://127.0.0.1:${port}`, 'Content-Type': 'application/json' }
    const post = (what: string, body: object) =>
      ask(port, `/api/live/run/${what}`, { method: 'POST', headers, body: JSON.stringify(body) })
    expect(await post('control', { action: 'pause' })).toMatchObject({ status: 409, text: 'the plan sets the pace\n' })
    expect((await post('control', { action: 'scale', vus: 7, max: 9 })).status).toBe(200)
    expect((await post('control', { action: 'scale', vus: -1 })).status).toBe(400)
    expect((await post('control', { action: 'scale', vus: 1.5 })).status).toBe(400)
    expect((await post('control', { action: '__proto__' })).status).toBe(400)
    expect((await post('annotate', { text: ' deployed ' })).status).toBe(200)
    expect((await post('annotate', { text: 1 })).status).toBe(400)
    expect((await ask(port, '/api/start', { method: 'POST', headers, body: '{"script":"a.js"}' })).status).toBe(403)
    expect(asked).toEqual([{ action: 'scale', vus: 7, max: 9 }])
    expect(notes).toEqual(['deployed'])
  })

  it('reads no more of a body than it needs', async () => {
    const { port, cookie } = await open()
    const headers = { Cookie: cookie, Origin: `http://127.0.0.1:${port}`, 'Content-Type': 'application/json' }
    const body = JSON.stringify({ text: 'x'.repeat(40_000) })
    const answer = await ask(port, '/api/live/run/annotate', { method: 'POST', headers, body }).catch(
      (error: NodeJS.ErrnoException) => ({ status: 413, text: error.code }),
    )
    expect(answer.status).toBe(413)
    expect((await ask(port, '/api/live/run/annotate', { method: 'POST', headers, body: '{' })).status).toBe(400)
    expect((await ask(port, '/', { method: 'DELETE', headers })).status).toBe(405)
  })

  it('sends pages that run no script but its own, and are in nobody’s frame', async () => {
    const { port, cookie } = await open()
    const page = await ask(port, '/', { headers: { Cookie: cookie } })
    const policy = String(page.headers['content-security-policy'])
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("script-src 'self'")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).not.toContain('unsafe')
    expect(page.text).not.toMatch(/<script>|<style|style=|\son\w+=/)
    expect(page.headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
    })
  })

  it('listens to other machines only when told so twice', async () => {
    const answer = (): { type: string; body: string } => ({ type: 'text/plain', body: '' })
    const start = (address: string, allowRemote = false) => startServer({ address, allowRemote, isMain: false }, answer)
    await expect(start('0.0.0.0:0')).rejects.toMatchObject({ code: 'PW_DASHBOARD_REMOTE' })
    await expect(start('nonsense')).rejects.toMatchObject({ code: 'PW_DASHBOARD_LISTEN' })
    const server = await start('0.0.0.0:0', true)
    const port = Number(/:(\d+)$/.exec(server.address)?.[1])
    expect((await ask(port, '/', { headers: { Host: `192.0.2.7:${port}` } })).status).toBe(401)
    expect((await ask(port, '/', { headers: { Host: `evil.example:${port}` } })).status).toBe(403)
    await server.close()
    const first = await start('127.0.0.1:0')
    await expect(start(first.address)).rejects.toMatchObject({ code: 'PW_DASHBOARD_LISTEN', exitCode: 106 })
    await first.close()
  })
})

describe('records behind the dashboard', () => {
  it('leads no name out of the folder', async () => {
    const runs = join(root, 'runs')
    const { writer } = await writeSample(runs)
    const id = writer.dir.split('/').at(-1) as string
    mkdirSync(join(writer.dir, 'profiles'))
    writeFileSync(join(root, 'secret.cpuprofile'), '{}')
    symlinkSync(join(root, 'secret.cpuprofile'), join(writer.dir, 'profiles', 'link.cpuprofile'))
    mkdirSync(join(root, 'outside'))
    writeFileSync(join(root, 'outside', 'run.json'), '{}')
    symlinkSync(join(root, 'outside'), join(runs, 'linked'))
    const { port, cookie, session } = await open(new RecordShelf(runs, systemClock))
    session.end({ exitCode: 0, reason: null, trust: null })
    const get = (path: string) => ask(port, path, { headers: { Cookie: cookie } })
    expect(JSON.parse((await get('/api/records')).text)).toMatchObject([
      { id, name: 'sample', exitCode: 99, p95: 66.05 },
    ])
    expect((await get(`/api/record/${id}`)).status).toBe(200)
    expect((await get(`/files/${id}/report.json`)).status).toBe(200)
    for (const name of ['..', '%2e%2e', '..%2foutside', 'linked', '', `${id}%2f..%2f..`, '.', '%00', '%zz'])
      expect((await get(`/api/record/${name}`)).status, name).toBeGreaterThanOrEqual(400)
    for (const path of [
      `/files/${id}/profiles/link.cpuprofile`,
      `/files/${id}/profiles/..%2frun.json`,
      `/files/${id}/profiles/../../../secret.cpuprofile`,
      `/files/${id}/run.json`,
      `/files/..%2foutside/report.json`,
      `/files/${id}/report.constructor`,
    ])
      expect((await get(path)).status, path).toBeGreaterThanOrEqual(400)
  })

  it('compares two: their numbers, their endpoints, and what else differs', async () => {
    const runs = join(root, 'pair')
    const a = await writeSample(runs, { seconds: 4, header: { name: 'a' } })
    const b = await writeSample(runs, { seconds: 8, header: { name: 'b', options: { vus: 3 } } })
    const { port, cookie, session } = await open(new RecordShelf(runs, systemClock))
    const id = (dir: string): string => dir.split('/').at(-1) as string
    const path = `/api/compare?a=${id(a.writer.dir)}&b=${id(b.writer.dir)}`
    // A report costs time that the load of this process would miss.
    expect((await ask(port, path, { headers: { Cookie: cookie } })).status).toBe(503)
    session.end({ exitCode: 0, reason: null, trust: null })
    const { text } = await ask(port, path, { headers: { Cookie: cookie } })
    const found = JSON.parse(text) as { metrics: { name: string; a: number; b: number }[]; differences: string[] }
    expect(found.metrics.find(({ name }) => name === 'requests')).toMatchObject({ a: 80, b: 160 })
    expect(found.differences.join('\n')).toContain('the options (load, thresholds) are not the same')
    expect(found.differences.join('\n')).toContain('they lasted 4 s and 8 s')
    expect(found).toMatchObject({
      endpoints: [
        { name: 'GET /', a: { count: 60 }, b: { count: 120 } },
        { name: 'GET /cart', a: { count: 20 }, b: { count: 40 } },
      ],
      curves: { a: { times: [1, 2, 3, 4], perS: [20, 20, 20, 20] } },
    })
  })
})

describe('the event stream', () => {
  it('gives a page that comes late everything, and then each second once', async () => {
    const { session } = await open()
    const feed = feeder(session)
    feed(30)
    const page = await Listener.open(served as Served)
    await page.until(() => page.of('state').length > 0)
    const [history] = page.of('history') as {
      data: { tick: number; times: number[]; series: string[]; values: number[][] }
    }[]
    expect(history?.data.times).toHaveLength(30)
    expect(history?.data.values[history.data.series.indexOf('run rps')]).toEqual(Array.from({ length: 30 }, () => 5))
    expect((page.of('table')[0] as { data: { names: unknown[] } } | undefined)?.data.names).toHaveLength(5)
    feed(3)
    await page.until(() => page.of('tick').length === 3)
    expect(page.of('tick').map(({ data }) => (data as { t: number }).t)).toEqual([31, 32, 33])
    page.close()
  })

  it('brings a page that was cut off up from the last second that it had, with series that were new meanwhile', async () => {
    const { session } = await open()
    const feed = feeder(session)
    feed(5)
    const page = await Listener.open(served as Served)
    await page.until(() => page.of('history').length > 0)
    feed(2)
    await page.until(() => page.of('tick').length === 2)
    const last = page.of('tick').at(-1)?.id
    page.close()
    session.observed('host', { cpu_ratio: 0.5 })
    feed(4)
    const again = await Listener.open(served as Served, last)
    await again.until(() => again.of('tick').length === 4)
    expect(again.of('history')).toEqual([])
    const ticks = again.of('tick').map(({ data }) => data as { t: number; more?: string[]; moreFrom?: number })
    expect(ticks.map(({ t }) => t)).toEqual([8, 9, 10, 11])
    expect(ticks[0]).toMatchObject({ moreFrom: 0 })
    expect(ticks[0]?.more).toContain('observed host cpu_ratio')
    expect(ticks[1]?.more).toBeUndefined()
    again.close()
  })

  it('gives the whole history for an id of another run, a nonsense, or one that is too old', async () => {
    const { session } = await open()
    const feed = feeder(session, 1)
    feed(700)
    for (const id of [
      '0123456789ab.10',
      'nonsense',
      `${session.hello.boot}.-1`,
      `${session.hello.boot}.99999`,
      `${session.hello.boot}.5`,
    ]) {
      const page = await Listener.open(served as Served, id)
      await page.until(() => page.of('state').length > 0)
      expect(page.of('history'), id).toHaveLength(1)
      page.close()
    }
  })

  it('keeps nothing for a page that does not read, and has it up to date when it does', async () => {
    const { session } = await open()
    const feed = feeder(session, 50)
    feed(2)
    // The kernel would take megabytes for a reader that sleeps; this transport takes nothing until it is let go.
    let taken = ''
    let letGo: (() => void) | undefined
    let isAwake = false
    await connectBy(session, (chunk, done) => {
      taken += chunk.toString()
      if (isAwake) done()
      else letGo = done
    })
    expect(session.feed.pages).toBe(1)
    feed(20)
    const atMost = session.feed.waitingBytes
    // What Node takes before it asks to wait, and the frame that went beyond it.
    expect(atMost).toBeLessThan(64_000)
    feed(80)
    expect(session.feed.waitingBytes).toBe(atMost)
    isAwake = true
    letGo?.()
    await new Promise<void>((resolve) => setImmediate(resolve))
    feed(1)
    await new Promise<void>((resolve) => setImmediate(resolve))
    const ticks = [...taken.matchAll(/^data: \{"tick":(\d+),/gm)].map(([, tick]) => Number(tick))
    expect(ticks).toEqual(Array.from({ length: 101 }, (_, i) => i + 2))
    expect(session.feed.waitingBytes).toBe(0)
  })

  it('lets go of a page that has not read for two minutes', async () => {
    const { session } = await open()
    const feed = feeder(session)
    feed(1)
    await connectBy(session, () => {})
    feed(110)
    expect(session.feed.pages).toBe(1)
    feed(60)
    expect(session.feed.pages).toBe(0)
  })

  it('takes no more pages than it can serve', async () => {
    const { session, port, cookie } = await open()
    const pages: Listener[] = []
    for (let i = 0; i < 32; i++) pages.push(await Listener.open(served as Served))
    expect(session.feed.pages).toBe(32)
    expect((await ask(port, '/api/live/run/events', { headers: { Cookie: cookie } })).status).toBe(503)
    for (const page of pages) page.close()
  })

  it('says the end with the last tables, and to pages that come later too', async () => {
    const { session } = await open()
    const feed = feeder(session)
    feed(3)
    const page = await Listener.open(served as Served)
    await page.until(() => page.of('state').length > 0)
    session.end({ exitCode: 99, reason: 'thresholds', trust: 'trustworthy' })
    await page.until(() => page.of('bye').length > 0)
    expect(page.of('state').at(-1)?.data).toMatchObject({
      phase: 'done',
      end: { exitCode: 99, reason: 'thresholds' },
      controls: { stop: 'the run is over' },
    })
    const late = await Listener.open(served as Served)
    await late.until(() => late.of('bye').length > 0)
    expect(late.of('history')).toHaveLength(1)
    expect(late.of('state').at(-1)?.data).toMatchObject({ end: { exitCode: 99 } })
  })

  it('holds what a target calls its endpoints as data that cannot leave its line', async () => {
    const { session } = await open()
    const name = 'x\n\nevent: bye\ndata: {}\n\n</script><img src=x onerror=alert(1)>'
    for (const { batch, time } of simulatedRun({ endpoints: 1, activeEach: 1, nameOf: () => name })) {
      session.window(batch, time)
      break
    }
    const page = await Listener.open(served as Served)
    await page.until(() => page.of('state').length > 0)
    expect(page.of('bye')).toEqual([])
    expect((page.of('table')[0] as { data: { names: string[][] } } | undefined)?.data.names[0]?.[1]).toBe(`GET ${name}`)
    page.close()
  })
})
