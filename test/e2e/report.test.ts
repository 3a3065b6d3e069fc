/** The report of a run, as it is written and in a real Chromium. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chromiumPath, faults, launchChromium, open } from './chromium.js'
import { folder, perfwright, startTarget, type Target } from './cli.js'

if (chromiumPath === '')
  process.stderr.write('report: its page is left out, because no Chromium was found (apt-get install chromium)\n')

const hostile = `</script><img src=x onerror="window.pwned=1">`
const script = `
import http from 'k6/http'
import { check } from 'k6'
export const options = {
  scenarios: { steady: { executor: 'constant-arrival-rate', rate: 40, duration: '4s', preAllocatedVUs: 5 } },
  thresholds: { http_req_duration: ['p(95)<5000'], http_req_failed: ['rate<0.1'] },
}
export default function () {
  const ok = http.get(__ENV.BASE_URL + '/get', { tags: { name: 'GET /get' } })
  check(ok, { ${JSON.stringify(hostile)}: (r) => r.status === 200 })
  http.get(__ENV.BASE_URL + '/status/503', { tags: { name: ${JSON.stringify(hostile)} } })
}`

let target: Target
let dir: string
beforeAll(async () => {
  target = await startTarget()
  dir = folder({ 'script.js': script })
  const { code, stderr } = await perfwright(['run', '--quiet', '--record', 'record', 'script.js'], {
    cwd: dir,
    env: { BASE_URL: target.url },
  })
  expect(code, stderr).toBe(99)
})
afterAll(() => target.stop())

describe('report.html', () => {
  it('is written after every run, and again in another language on request', async () => {
    expect(readFileSync(join(dir, 'record', 'report.html'), 'utf8')).toContain('<html lang="en">')
    const { code } = await perfwright(['report', 'record', '--format', 'html', '--lang', 'tr', '-o', 'tr.html'], {
      cwd: dir,
    })
    expect(code).toBe(0)
    const page = readFileSync(join(dir, 'tr.html'), 'utf8')
    expect(page).toContain('<html lang="tr">')
    expect(page).toContain('Beklenen trafiği kaldırabiliyor mu?')
  })

  it('is left out with --no-report', async () => {
    await perfwright(
      ['run', '--quiet', '--no-report', '--no-observe', '--record', 'without', '-i', '1', '-u', '1', 'script.js'],
      {
        cwd: dir,
        env: { BASE_URL: target.url },
      },
    )
    expect(() => readFileSync(join(dir, 'without', 'report.html'))).toThrow()
  })
})

describe.skipIf(chromiumPath === '')('the page', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launchChromium()
  })
  afterAll(async () => await browser.close())

  it('draws its charts, runs nothing that the target named, and has no serious fault of accessibility', async () => {
    const { page, problems } = await open(browser, `file://${join(dir, 'record', 'report.html')}`)
    await page.getByRole('heading', { name: /Can it handle the expected traffic/ }).waitFor()
    await page.locator('.chart canvas').first().waitFor()
    await page.getByRole('button', { name: 'GET /get' }).click()
    await page.getByRole('button', { name: 'Show all' }).waitFor()
    expect(await page.locator('.grid-body').innerText()).toContain(hostile)
    expect(await page.locator('#details').innerText()).toContain(hostile)
    expect(await faults(page)).toEqual([])
    await page.emulateMedia({ colorScheme: 'dark' })
    expect(await faults(page)).toEqual([])
    await page.setViewportSize({ width: 390, height: 800 })
    const wide = `[...document.querySelectorAll('main *')].filter((one) => one.getBoundingClientRect().right > innerWidth + 1
      && !one.closest('.grid-table, table, pre, svg')).map((one) => one.tagName + '.' + one.className).slice(0, 5)`
    expect(await page.evaluate(wide)).toEqual([])
    expect(await page.evaluate('globalThis.pwned')).toBeUndefined()
    expect(problems).toEqual([])
    await page.context().close()
  })
})
