/** The dashboard in the built product: live page, control, records, start; the page itself in a real Chromium. */
import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { request } from 'node:http'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chromiumPath, faults, launchChromium, open } from './chromium.js'
import { bin, folder, startTarget, type Target } from './cli.js'

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')
if (chromiumPath === '')
  process.stderr.write('dashboard: its page is left out, because no Chromium was found (apt-get install chromium)\n')

let target: Target
beforeAll(async () => {
  target = await startTarget()
})
afterAll(() => target.stop())

const hostile = `<img src=x onerror="window.pwned=1"><script>window.pwned=2</script>`
const script = (options: string): string => `
import http from 'k6/http'
import { check, sleep } from 'k6'
export const options = ${options}
export default function () {
  const ok = http.get(__ENV.BASE_URL + '/get', { tags: { name: 'GET /get' } })
  check(ok, { ${JSON.stringify(hostile)}: (r) => r.status === 200 })
  http.get(__ENV.BASE_URL + '/status/503', { tags: { name: ${JSON.stringify(hostile)} } })
  sleep(0.05)
  if (__ITER % 10 === 9) throw new Error(${JSON.stringify(hostile)})
}`

describe('run --dashboard', () => {
  it('prints the URL, serves the run while it goes on, and ends with it', async () => {
    const run = start(['run', '--no-observe', '--dashboard=127.0.0.1:0', '--name', 'shown', 'script.js'], {
      'script.js': script(`{ vus: 2, duration: '3s' }`),
    })
    const url = await run.url()
    const page = await Client.open(url)
    expect(await page.json('/api/info')).toMatchObject({ run: expect.stringContaining('shown'), start: false })
    const events = await page.events('/api/live/run/events')
    expect(events).toContain('event: hello')
    expect(events.match(/^event: tick$/gm)?.length).toBeGreaterThanOrEqual(2)
    expect(events).toContain('event: bye')
    expect(events.trimEnd().endsWith('data: {}')).toBe(true)
    expect(await run.ended).toBe(0)
    expect(run.output).toContain('passed')
  })

  it('stops the run for who has the token, and for nobody else', async () => {
    const run = start(['run', '--no-observe', '--dashboard=127.0.0.1:0', 'script.js'], {
      'script.js': script(`{ vus: 1, duration: '50s' }`),
    })
    const page = await Client.open(await run.url())
    expect(await page.post('/api/live/run/control', { action: 'stop' }, { Origin: 'http://evil.example' })).toBe(403)
    while (((await page.json('/api/live/run/history')) as { times: number[] }).times.length === 0)
      await new Promise((resolve) => setTimeout(resolve, 100))
    expect(await page.post('/api/live/run/control', { action: 'pause' })).toBe(409)
    expect(await page.post('/api/live/run/annotate', { text: 'about to stop' })).toBe(200)
    expect(await page.post('/api/live/run/control', { action: 'stop' })).toBe(200)
    expect(await run.ended).toBe(103)
    const [record = ''] = readdirSync(join(run.dir, '.perfwright', 'runs'))
    const events = readFileSync(join(run.dir, '.perfwright', 'runs', record, 'events.ndjson'), 'utf8')
    expect(events).toContain('about to stop')
  })

  it('changes the VUs of an externally-controlled run, pauses and resumes it', async () => {
    const options = `{ scenarios: { ext: { executor: 'externally-controlled', vus: 1, maxVUs: 5, duration: '50s' } } }`
    const run = start(['run', '--no-observe', '--dashboard=127.0.0.1:0', 'script.js'], { 'script.js': script(options) })
    const page = await Client.open(await run.url())
    const scale = (): Promise<number> => page.post('/api/live/run/control', { action: 'scale', vus: 4 })
    // Until its VUs are there, a run says so.
    while ((await scale()) !== 200) await new Promise((resolve) => setTimeout(resolve, 100))
    expect(await page.post('/api/live/run/control', { action: 'pause' })).toBe(200)
    expect(await page.post('/api/live/run/control', { action: 'resume' })).toBe(200)
    expect(await page.post('/api/live/run/control', { action: 'stop' })).toBe(200)
    expect(await run.ended).toBe(103)
  })

  it('is not loaded by a run without it', () => {
    const dist = join(root, 'dist')
    const chunks = readdirSync(join(dist, 'chunks')).filter((name) => name.endsWith('.js'))
    const of = (name: string): string => readFileSync(join(dist, 'chunks', name), 'utf8')
    const served = chunks.filter((name) => /code: ["']PW_DASHBOARD_LISTEN["']/.test(of(name)))
    expect(served).toHaveLength(1)
    const seen = new Set<string>()
    const follow = (name: string): void => {
      if (seen.has(name)) return
      seen.add(name)
      for (const [, next = ''] of of(name).matchAll(/^(?:import|export)[^;]*?["']\.\/([^"']+)["'];/gm)) follow(next)
    }
    const main = chunks.filter((name) => of(name).includes('runs a k6 script') || /runCommand\b/.test(of(name)))
    expect(main.length).toBeGreaterThan(0)
    for (const name of main) follow(name)
    expect(seen.size).toBeGreaterThan(3)
    expect([...seen].filter((name) => served.includes(name))).toEqual([])
  })
})

describe('perfwright dashboard', () => {
  it('lists records, follows a run by its files while it goes on, and has its charts afterwards', async () => {
    const run = start(['run', '--no-observe', '--quiet', '--name', 'followed', 'script.js'], {
      'script.js': script(`{ vus: 1, duration: '5s' }`),
    })
    while (!(await hasRecord(run.dir))) await new Promise((resolve) => setTimeout(resolve, 100))
    const dashboard = start(['dashboard', '--listen', '127.0.0.1:0', '.'], {}, run.dir)
    const page = await Client.open(await dashboard.url())
    const [row] = (await page.json('/api/records')) as { id: string; state: string; name: string }[]
    expect(row).toMatchObject({ name: 'followed', state: 'running' })
    const events = await page.events(`/api/live/${row?.id}/events`)
    expect(events.match(/^event: tick$/gm)?.length).toBeGreaterThanOrEqual(2)
    expect(events).toContain('event: bye')
    expect(events).toContain('"source":"files"')
    expect(await run.ended).toBe(0)
    expect(await page.json('/api/records')).toMatchObject([{ state: 'finished', exitCode: 0 }])
    const again = await page.events(`/api/live/${row?.id}/events`)
    expect(again).toContain('"exitCode":0')
    expect(again).toContain('event: bye')
    expect(await page.post(`/api/live/${row?.id}/control`, { action: 'stop' })).toBe(409)
    expect(await page.post('/api/start', { script: 'script.js' })).toBe(403)
    dashboard.child.kill('SIGINT')
    expect(await dashboard.ended).toBe(0)
  })

  it('starts scripts below its folder, controls them, and nothing else, with --allow-start', async () => {
    const dashboard = start(['dashboard', '--listen', '127.0.0.1:0', '--allow-start'], {
      'script.js': script(`{ vus: 1, duration: '50s' }`),
      'library.js': 'export const a = 1',
    })
    const page = await Client.open(await dashboard.url())
    expect(await page.json('/api/scripts')).toEqual(['script.js'])
    for (const path of ['library.js', '../script.js', '/etc/passwd', '-h', ''])
      expect(await page.post('/api/start', { script: path }), path).toBeGreaterThanOrEqual(400)
    expect(await page.post('/api/start', { script: 'script.js', duration: '1s; rm' })).toBe(400)
    const started = await page.ask('POST', '/api/start', {
      script: 'script.js',
      name: 'from the page',
      env: { BASE_URL: target.url },
    })
    expect(started.status, started.text).toBe(200)
    const { record } = JSON.parse(started.text) as { record: string }
    expect(await page.post('/api/start', { script: 'script.js' })).toBe(409)
    const events = page.events(`/api/live/${record}/events`)
    const stop = (): Promise<number> => page.post(`/api/live/${record}/control`, { action: 'stop' })
    while ((await stop()) !== 200) await new Promise((resolve) => setTimeout(resolve, 200))
    expect(await events).toContain('"exitCode":103')
    dashboard.child.kill('SIGINT')
    expect(await dashboard.ended).toBe(0)
  })
})

describe.skipIf(chromiumPath === '')('the page', { timeout: 180_000 }, () => {
  let browser: Browser
  // On a busy machine it takes its time.
  beforeAll(async () => {
    browser = await launchChromium()
  }, 60_000)
  afterAll(async () => await browser.close(), 60_000)

  it('shows a run, survives a reload in its middle, runs nothing that a target named, and stays when the run ends', async () => {
    const run = start(['run', '--no-observe', '--dashboard=127.0.0.1:0', '--dashboard-keep', 'script.js'], {
      'script.js': script(
        `{ vus: 2, duration: '55s', thresholds: { http_req_duration: ['p(95)<5000'], http_req_failed: ['rate<0.1'] } }`,
      ),
    })
    const { page, problems } = await open(browser, await run.url())
    await hasRows(page, 2)
    expect(page.url()).not.toContain('token')
    expect(await page.locator('.grid-body').innerText()).toContain(hostile)
    await page.getByRole('tab', { name: /Exceptions/ }).click()
    await says(page, '#details', hostile)
    await page.getByRole('tab', { name: /Failures/ }).click()
    await says(page, '#details', 'status 503')
    await page.getByRole('tab', { name: /Checks/ }).click()
    await says(page, '#details', hostile)
    expect(await page.locator('.thresholds').innerText()).toContain('p(95)<5000')
    await page.locator('.thresholds li.is-bad').first().waitFor()
    await page.getByRole('tab', { name: /Log/ }).click()
    await page.getByLabel('Note').fill(hostile)
    await page.getByRole('button', { name: 'Add to the run' }).click()
    await says(page, '.log', hostile)
    const requests = async (): Promise<number> => {
      const [, count = ''] = /([\d,]+) in all/.exec(await page.locator('body').innerText()) ?? []
      return Number(count.replaceAll(',', ''))
    }
    const before = await requests()
    await page.reload()
    await hasRows(page, 2)
    expect(await requests()).toBeGreaterThanOrEqual(before)
    expect(await faults(page)).toEqual([])
    await page.emulateMedia({ colorScheme: 'dark' })
    expect(await faults(page)).toEqual([])
    await page.getByRole('button', { name: 'Stop' }).click()
    await page.getByRole('button', { name: 'Yes, stop it' }).click()
    await page.locator('.banner', { hasText: 'The run is over' }).waitFor()
    expect(await page.locator('.grid-body').innerText()).toContain(hostile)
    expect(await page.getByRole('button', { name: 'Stop' }).count()).toBe(0)
    expect(await page.evaluate(() => (globalThis as { pwned?: number }).pwned)).toBeUndefined()
    expect(problems).toEqual([])
    run.child.kill('SIGINT')
    expect(await run.ended).toBe(103)
    await page.context().close()
  })

  it('shows records, one record and two side by side, without a serious fault of accessibility', async () => {
    const files = { 'script.js': script(`{ vus: 1, iterations: 30 }`) }
    const first = start(['run', '--no-observe', '--quiet', '--name', 'one', 'script.js'], files)
    await first.ended
    await start(['run', '--no-observe', '--quiet', '--name', 'two', 'script.js'], {}, first.dir).ended
    const dashboard = start(['dashboard', '--listen', '127.0.0.1:0', '--allow-start', '.'], {}, first.dir)
    const { page, problems } = await open(browser, await dashboard.url())
    await hasRows(page, 2)
    expect(await faults(page)).toEqual([])
    for (const box of await page.getByRole('checkbox').all()) await box.check()
    await page.getByRole('link', { name: 'Compare the two' }).click()
    await page.getByRole('heading', { name: 'Two runs side by side' }).waitFor()
    await hasRows(page, 2)
    expect(await page.locator('main').innerText()).toContain('does not say that one version is slower')
    expect(await page.locator('.grid-body').innerText()).toContain(hostile)
    expect(await faults(page)).toEqual([])
    await page.getByRole('link', { name: 'one' }).click()
    await page.getByRole('link', { name: 'Charts' }).waitFor()
    expect(await faults(page)).toEqual([])
    await page.getByRole('link', { name: 'Charts' }).click()
    await page.locator('.banner', { hasText: 'The run is over' }).waitFor()
    expect(await page.locator('.grid-body').innerText()).toContain('GET /get')
    await page.getByRole('link', { name: 'Start' }).click()
    await page.getByLabel(/^Script/).waitFor()
    expect(await faults(page)).toEqual([])
    expect(await page.evaluate(() => (globalThis as { pwned?: number }).pwned)).toBeUndefined()
    expect(problems).toEqual([])
    dashboard.child.kill('SIGINT')
    await dashboard.ended
    await page.context().close()
  })
})

/** By the debugger alone: the page's policy lets no text be run as a program. */
async function hasRows(page: Page, n: number): Promise<void> {
  await page
    .locator('.grid-body .grid-row')
    .nth(n - 1)
    .waitFor()
    .catch(async (error: Error) => {
      throw new Error(`${error.message}; the page says: ${(await page.locator('body').innerText()).slice(0, 1500)}`)
    })
  expect(await page.locator('.grid-body .grid-row').count()).toBe(n)
}

async function says(page: Page, selector: string, text: string): Promise<void> {
  await page.locator(selector).filter({ hasText: text }).first().waitFor()
}

interface Started {
  readonly child: ChildProcess
  readonly dir: string
  output: string
  /** The exit code. */
  readonly ended: Promise<number | null>
  url(): Promise<string>
}

function start(args: readonly string[], files: Readonly<Record<string, string>>, at?: string): Started {
  const dir = at ?? folder(files)
  const child = spawn(process.env['PW_NODE'] ?? process.execPath, [bin, ...args], {
    cwd: dir,
    env: { ...process.env, NODE_OPTIONS: '', BASE_URL: target.url },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
  const started: Started = {
    child,
    dir,
    output: '',
    ended,
    async url() {
      for (;;) {
        const found = /http:\/\/127\.0\.0\.1:\d+\/\S*token=\S+/.exec(started.output)
        if (found !== null) return found[0]
        if (child.exitCode !== null) throw new Error(`it ended: ${started.output}`)
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    },
  }
  const read = (chunk: Buffer): void => {
    started.output += chunk.toString()
  }
  child.stdout?.on('data', read)
  child.stderr?.on('data', read)
  return started
}

async function hasRecord(dir: string): Promise<boolean> {
  try {
    const runs = join(dir, '.perfwright', 'runs')
    return readdirSync(runs).some((name) => readdirSync(join(runs, name, 'series')).length > 0)
  } catch {
    return false
  }
}

/** What a browser does with the URL: the token first, then the cookie. */
class Client {
  readonly #url: URL
  #cookie = ''

  constructor(url: string) {
    this.#url = new URL(url)
  }

  static async open(url: string): Promise<Client> {
    const client = new Client(url)
    const { headers, status } = await client.ask('GET', `/${client.#url.search}`)
    expect(status).toBe(200)
    client.#cookie = String(headers['set-cookie']).split(';')[0] ?? ''
    return client
  }

  async json(path: string): Promise<unknown> {
    const { status, text } = await this.ask('GET', path)
    expect(status, `${path} ${text}`).toBe(200)
    return JSON.parse(text) as unknown
  }

  /** A stream up to its end. */
  async events(path: string): Promise<string> {
    return (await this.ask('GET', path)).text
  }

  async post(path: string, body: object, headers: Record<string, string> = {}): Promise<number> {
    return (await this.ask('POST', path, body, headers)).status
  }

  ask(
    method: string,
    path: string,
    body?: object,
    more: Record<string, string> = {},
  ): Promise<{ status: number; text: string; headers: Record<string, unknown> }> {
    const headers = { Cookie: this.#cookie, Origin: this.#url.origin, 'Content-Type': 'application/json', ...more }
    return new Promise((resolve, reject) => {
      const asking = request(new URL(path, this.#url.origin), { method, headers, agent: false }, (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (piece: string) => (text += piece))
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text, headers: response.headers }))
        response.on('error', reject)
      })
      asking.on('error', reject)
      asking.end(body === undefined ? undefined : JSON.stringify(body))
    })
  }
}
