// The dashboard: a page on a run of six hours and 500 endpoints, in headless Chromium; and what the page costs the
// process that carries the load, with no tab, one and three.
import { spawn } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, get } from 'node:http'
import { join } from 'node:path'
import { build } from 'esbuild'
import { leftOut, root } from '../lib/tools.mjs'

export async function run({ work, short, rounds }) {
  const page = await longPage(short)
  const cost = await tabs(work, short ? 10 : 20, short ? 1 : Math.min(rounds, 3))
  return { page, cost }
}

/** Load, heap, bytes and long tasks of the page of a long run. */
async function longPage(short) {
  const { chromium } = await import('playwright-core')
  const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) =>
    existsSync(path),
  )
  if (executablePath === undefined) {
    leftOut('chromium')
    return undefined
  }
  // Inside the package, because it looks for the page that was built.
  const outfile = join(root, 'dist', 'bench-long-run.mjs')
  await build({
    absWorkingDir: root,
    entryPoints: ['src/dashboard/testing/long-run.ts'],
    bundle: true,
    format: 'esm',
    platform: 'node',
    conditions: ['source'],
    packages: 'external',
    outfile,
    logLevel: 'warning',
  })
  const server = spawn(process.execPath, [outfile, short ? '1' : '6', '500', '100'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const browser = await chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
  try {
    const { url, heapUsed, arrayBuffers } = JSON.parse(await line(server))
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } })
    await page.addInitScript(() => {
      globalThis.longTasks = []
      new PerformanceObserver((list) =>
        globalThis.longTasks.push(...list.getEntries().map(({ startTime, duration }) => [startTime, duration])),
      ).observe({ type: 'longtask', buffered: true })
    })
    const devtools = await page.context().newCDPSession(page)
    await devtools.send('Network.enable')
    let bytes = 0
    devtools.on('Network.dataReceived', ({ dataLength }) => (bytes += dataLength))
    const started = performance.now()
    await page.goto(url)
    await page.waitForFunction(() => document.querySelectorAll('.grid-body .grid-row').length > 10)
    const readyMs = performance.now() - started
    await page.waitForTimeout(3000)
    const atLoad = await page.evaluate(() => globalThis.longTasks.splice(0))
    const loadBytes = bytes
    // The page's own thread by its CPU time: long tasks are told in wall time, which other processes stretch.
    await devtools.send('Performance.enable', { timeDomain: 'threadTicks' })
    const measured = async () => {
      const { metrics } = await devtools.send('Performance.getMetrics')
      return Object.fromEntries(metrics.map(({ name, value }) => [name, value]))
    }
    await page.evaluate(() => scrollTo(0, 0))
    const before = await measured()
    await page.waitForTimeout(10_000)
    const resting = await measured()
    const liveS = short ? 10 : 60
    const table = page.locator('.grid-table')
    await table.scrollIntoViewIfNeeded()
    for (let i = 0; i < liveS; i++) {
      // A person who scrolls through the table and searches in it.
      await table.evaluate((element, top) => element.scrollTo(0, top), (i * 700) % 15_000)
      if (i % 10 === 5) await page.getByPlaceholder('Search endpoints').fill(String(i))
      if (i % 10 === 9) await page.getByPlaceholder('Search endpoints').fill('')
      await page.waitForTimeout(1000)
    }
    const live = await page.evaluate(() => globalThis.longTasks.splice(0))
    const scrolled = await measured()
    await devtools.send('HeapProfiler.enable')
    await devtools.send('HeapProfiler.collectGarbage')
    const { JSHeapUsedSize: heap, Nodes: nodes } = await measured()
    const cpu = (from, to, over) => Math.round(((to.TaskDuration - from.TaskDuration) * 1000) / over)
    const result = {
      hours: short ? 1 : 6,
      serverMb: mb(heapUsed + arrayBuffers),
      readyMs: Math.round(readyMs),
      loadMb: mb(loadBytes),
      longestAtLoadMs: longest(atLoad),
      live: {
        seconds: liveS,
        kbPerS: Math.round((bytes - loadBytes) / 1000 / liveS),
        cpuMsPerSAtRest: cpu(before, resting, 10),
        cpuMsPerSInUse: cpu(resting, scrolled, liveS),
        longTasks: live.length,
        longestMs: longest(live),
      },
      heapMb: mb(heap),
      nodes,
    }
    process.stdout.write(
      `\nPage of a run of ${result.hours} h, 500 endpoints, 100 system metrics: ${JSON.stringify(result)}\n`,
    )
    return result
  } finally {
    await browser.close()
    server.kill()
  }
}

/** CPU seconds of the loading process at a fixed rate over 200 endpoints. */
async function tabs(work, seconds, rounds) {
  const target = createServer((_, response) => response.end('ok'))
  await new Promise((resolve) => target.listen(0, '127.0.0.1', resolve))
  const script = join(work, 'endpoints.js')
  writeFileSync(
    script,
    `import http from 'k6/http'
export const options = { scenarios: { s: { executor: 'constant-arrival-rate', rate: 1000, timeUnit: '1s', duration: '${seconds + 6}s', preAllocatedVUs: 50 } } }
export default function () { http.get(__ENV.URL, { tags: { name: '/endpoint/' + (__ITER * 50 + __VU) % 200 } }) }
`,
  )
  const url = `http://127.0.0.1:${target.address().port}/`
  const contenders = { 'no dashboard': undefined, 'no tab': 0, '1 tab': 1, '3 tabs': 3 }
  const found = Object.fromEntries(Object.keys(contenders).map((name) => [name, []]))
  for (let round = 0; round < rounds; round++)
    for (const [name, count] of Object.entries(contenders))
      found[name].push(await cpuOf(script, url, work, count, seconds, `${round}-${name.replace(' ', '-')}`))
  target.close()
  const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)]
  process.stdout.write(
    '\nCPU of the whole loading process, 1000 requests/s over 200 endpoints, share of one core (median [min-max])\n',
  )
  for (const [name, list] of Object.entries(found))
    process.stdout.write(
      `  ${name.padEnd(14)} ${(median(list) * 100).toFixed(1)} % [${(Math.min(...list) * 100).toFixed(1)}-${(Math.max(...list) * 100).toFixed(1)}]\n`,
    )
  return found
}

async function cpuOf(script, url, work, tabCount, seconds, name) {
  const flags = tabCount === undefined ? [] : ['--dashboard=127.0.0.1:0']
  const args = [
    'run',
    '--no-observe',
    '--workers',
    '1',
    '--no-summary',
    '--record',
    join(work, `dash-${name}`),
    '-e',
    `URL=${url}`,
    ...flags,
    script,
  ]
  const child = spawn(process.execPath, [join(root, 'bin', 'perfwright.js'), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let text = ''
  child.stdout.on('data', (chunk) => (text += chunk))
  const pages = []
  if (tabCount !== undefined) {
    while (!/token=\S+/.test(text)) await pause(50)
    const at = new URL(/http:\/\/\S+token=\S+/.exec(text)[0])
    for (let i = 0; i < tabCount; i++) pages.push(listen(at))
  }
  await pause(3000)
  const before = cpu(child.pid)
  await pause(seconds * 1000)
  const used = (cpu(child.pid) - before) / seconds
  for (const page of pages) page.destroy()
  await new Promise((resolve) => child.on('close', resolve))
  return used
}

/** What a tab asks for: the stream, and every five seconds the courses of the rows that can be seen. */
function listen(url) {
  const stream = get(`${url.origin}/api/live/run/events${url.search}`, (response) => response.resume())
  stream.on('error', () => {})
  const index = Array.from({ length: 30 }, (_, i) => i).join(',')
  const timer = setInterval(() => {
    get(`${url.origin}/api/live/run/sparks${url.search}&index=${index}`, (response) => response.resume()).on(
      'error',
      () => clearInterval(timer),
    )
  }, 5000)
  timer.unref()
  stream.on('close', () => clearInterval(timer))
  return stream
}

/** Seconds, by the kernel. */
function cpu(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}

function line(child) {
  return new Promise((resolve, reject) => {
    let text = ''
    child.stdout.on('data', (chunk) => {
      text += chunk
      if (text.includes('\n')) resolve(text)
    })
    child.on('exit', (code) => reject(new Error(`it ended with ${code}`)))
  })
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
const mb = (n) => Math.round(n / 1e5) / 10
const longest = (tasks) => Math.round(Math.max(0, ...tasks.map(([, duration]) => duration)))
