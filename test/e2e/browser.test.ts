/** The browser module in the built product: its samples, its end in every kind of run. Needs a Chromium. */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findChromium } from '../../src/engine/native/modules/browser/launch.js'
import { bin, folder } from './cli.js'

const hasChromium = ((): boolean => {
  try {
    return findChromium(process.env) !== ''
  } catch {
    return false
  }
})()
if (!hasChromium) process.stderr.write('browser: left out, because no Chromium was found (apt-get install chromium)\n')

let server: Server
let base = ''
beforeAll(async () => {
  server = createServer((request, response) => {
    if (request.url === '/style.css') return response.setHeader('content-type', 'text/css').end('body { color: #333 }')
    if (request.url === '/go') return response.writeHead(302, { location: '/' }).end()
    if (request.url !== '/') return response.writeHead(404).end('nothing')
    response.setHeader('content-type', 'text/html')
    response.end(
      '<!doctype html><title>Shop</title><link rel=stylesheet href=/style.css><h1>Shop</h1><button>buy</button>',
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => void server.close())

const head = (more = ''): string => `
import { browser } from 'k6/browser'
import { check } from 'k6'
export const options = { ${more} scenarios: { ui: { executor: 'per-vu-iterations', vus: 1, iterations: 1, gracefulStop: '1s',
  options: { browser: { type: 'chromium' } } } } }
`

interface Run {
  readonly code: number | null
  readonly output: string
  /** Of Chromium, still there after the run. */
  readonly left: readonly string[]
  readonly samples: readonly Sample[]
}

interface Sample {
  readonly metric: string
  readonly value: number
  readonly tags: Readonly<Record<string, string>>
}

/** Runs a script; `act` may interfere once its output has shown `at`. */
async function run(source: string, at?: string, act?: (child: ChildProcess) => void): Promise<Run> {
  const dir = folder({ 'script.js': source })
  const marker = `pw-${randomUUID()}`
  const json = join(dir, 'samples.json')
  const child = spawn(
    process.env['PW_NODE'] ?? process.execPath,
    [bin, 'run', '--quiet', '--no-color', '-o', `json=${json}`, 'script.js'],
    {
      cwd: dir,
      env: { ...process.env, NODE_OPTIONS: '', BASE_URL: base, K6_BROWSER_ARGS: `no-sandbox,${marker}` },
    },
  )
  let output = ''
  let acted = false
  const read = (chunk: Buffer): void => {
    output += chunk.toString()
    if (at === undefined || acted || !output.includes(at)) return
    acted = true
    expect(processes(marker)).not.toEqual([])
    act?.(child)
  }
  child.stdout.on('data', read)
  child.stderr.on('data', read)
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve))
  // A killed process leaves Chromium a moment to see that nobody is there any more.
  for (let i = 0; i < 100 && processes(marker).length > 0; i++) await new Promise((resolve) => setTimeout(resolve, 100))
  return { code, output, left: processes(marker), samples: readSamples(json) }
}

function processes(marker: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`--${marker}`)
    } catch {
      return false
    }
  })
}

function readSamples(file: string): Sample[] {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line.includes('"Point"'))
      .map((line) => JSON.parse(line) as { metric: string; data: { value: number; tags: Record<string, string> } })
      .map(({ metric, data }) => ({ metric, value: data.value, tags: data.tags }))
  } catch {
    return []
  }
}

describe.skipIf(!hasChromium)('k6/browser', () => {
  it('counts requests, bytes, failures and web vitals as k6 does, and names them as page.on says', async () => {
    const { code, output, samples, left } = await run(`${head(`thresholds: { checks: ['rate==1'] },`)}
export default async function () {
  const page = await browser.newPage()
  page.on('metric', (metric) => metric.tag({ name: 'css', matches: [{ url: /\\.css$/ }] }))
  const response = await page.goto(__ENV.BASE_URL + '/go')
  check(response, { opened: (r) => r.status() === 200 })
  await page.locator('button').click()
  await page.screenshot({ path: 'shot.png' })
  await page.close()
}`)
    expect(output).not.toContain('level=error')
    expect(code).toBe(0)
    expect(left).toEqual([])
    const of = (metric: string, url: string): Sample[] =>
      samples.filter((sample) => sample.metric === metric && sample.tags['url'] === url)
    expect(of('browser_http_req_duration', `${base}/go`)[0]?.tags).toMatchObject({
      status: '302',
      method: 'GET',
      proto: 'http/1.1',
      resource_type: 'Document',
      from_cache: 'false',
      from_prefetch_cache: 'false',
      from_service_worker: 'false',
      scenario: 'ui',
      name: `${base}/go`,
    })
    expect(of('browser_http_req_failed', `${base}/`).map(({ value }) => value)).toEqual([0])
    expect(of('browser_http_req_failed', `${base}/favicon.ico`).map(({ value }) => value)).toEqual([1])
    expect(of('browser_data_received', 'css')[0]?.tags).toMatchObject({ resource_type: 'Stylesheet', name: 'css' })
    expect(of('browser_data_sent', 'css')[0]?.value).toBeGreaterThan(100)
    for (const vital of ['ttfb', 'fcp', 'lcp', 'cls', 'fid'])
      expect(of(`browser_web_vital_${vital}`, `${base}/`)[0]?.tags['rating'], vital).toBe('good')
  })

  it('runs functions of the script in the page, whatever the compiler made of them', async () => {
    const { output } = await run(`${head()}
const count = (suffix) => { let n = 0; for (const link of document.querySelectorAll('link')) n++; return n + suffix }
const fails = async () => { try { throw 'thrown' } catch (e) { return e + typeof window } }
export default async function () {
  const page = await browser.newPage()
  await page.goto(__ENV.BASE_URL)
  console.log('answers', await page.evaluate(count, '!'), await page.evaluate(fails), await page.evaluate((a, b) => a + b, 1, 2),
    await page.evaluate(() => (globalThis.x = 1) && document.title.length))
  const handle = await page.evaluateHandle(() => document.querySelector('h1'))
  console.log('handle', await page.evaluate((el) => el.textContent, handle), await handle.evaluate((el) => el.tagName))
}`)
    expect(output).toContain('answers 1! thrownobject 3 4')
    expect(output).toContain('handle Shop H1')
  })

  it('routes requests through functions of the script', async () => {
    const { output } = await run(`${head()}
export default async function () {
  const page = await browser.newPage()
  await page.route(/style/, (route) => { console.log('asked', route.request().resourceType()); return route.abort() })
  await page.route(__ENV.BASE_URL + '/made', async (route) => { await route.fulfill({ status: 201, body: '<title>Made</title>', contentType: 'text/html' }) })
  page.on('requestfailed', (request) => console.log('failed', request.url().split('/').pop()))
  const [response] = await Promise.all([page.waitForResponse(/made/), page.goto(__ENV.BASE_URL + '/made')])
  console.log('made', response.status(), await page.title())
  await page.goto(__ENV.BASE_URL)
}`)
    expect(output).toContain('made 201 Made')
    expect(output).toContain('asked Stylesheet')
    expect(output).toContain('failed style.css')
  })

  it("keeps to the run's hosts and blockHostnames", async () => {
    const { output } =
      await run(`${head(`hosts: { 'shop.test': '${base.slice('http://'.length)}' }, blockHostnames: ['*.blocked.test'],`)}
export default async function () {
  const page = await browser.newPage()
  await page.goto('http://shop.test/')
  console.log('opened', await page.title())
  await page.goto('http://a.blocked.test/').catch((e) => console.log(String(e)))
}`)
    expect(output).toContain('opened Shop')
    expect(output).toContain('net::ERR_NAME_NOT_RESOLVED')
  })

  it('leaves no Chromium behind when the script throws with pages open', async () => {
    const { output, left } = await run(`${head()}
export default async function () {
  const page = await browser.newPage()
  await page.goto(__ENV.BASE_URL)
  throw new Error('on purpose')
}`)
    expect(output).toContain('on purpose')
    expect(left).toEqual([])
  })

  const waits = `${head()}
export default async function () {
  const page = await browser.newPage()
  await page.goto(__ENV.BASE_URL)
  console.log('waiting')
  await page.waitForTimeout(60000)
}`

  it('leaves no Chromium behind after Ctrl-C', async () => {
    const { code, left } = await run(waits, 'waiting', (child) => child.kill('SIGINT'))
    expect(code).toBe(105)
    expect(left).toEqual([])
  })

  it('leaves no Chromium behind after kill -9', async () => {
    const { left } = await run(waits, 'waiting', (child) => child.kill('SIGKILL'))
    expect(left).toEqual([])
  })

  it('is refused where the scenario asks for none, in the words of k6', async () => {
    const { output } = await run(`
import { browser } from 'k6/browser'
export default async function () {
  try { browser.version() } catch (e) { console.log(String(e)) }
  await browser.newPage()
}`)
    const words =
      'browser not found in registry. make sure to set browser type option in scenario definition in order to use the browser module'
    expect(output).toContain(`GoError: ${words}`)
    expect(output).toContain(`Uncaught (in promise) ${words}`)
  })

  it('ends the test where the scenario asks for a browser that there is not', async () => {
    const { code, output } = await run(`${head().replace("'chromium'", "'firefox'")}
export default async function () {}`)
    expect(output).toContain(
      'error building browser on IterStart: initializing browser type: error parsing browser options: unsupported browser type: firefox',
    )
    expect(code).toBe(108)
  })
})
