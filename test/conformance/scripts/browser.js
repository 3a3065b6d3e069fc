// needs-browser
// ignore: iteration_duration, browser_data_sent, browser_data_received, browser_http_req_duration, browser_http_req_failed, vus, vus_max, browser_web_vital_cls, browser_web_vital_fcp, browser_web_vital_fid, browser_web_vital_inp, browser_web_vital_lcp, browser_web_vital_ttfb
// The browser module on pages of the target: what a page answers, and how many requests are counted.
import { browser, devices, networkProfiles } from 'k6/browser'
import { check } from 'k6'

export const options = {
  scenarios: {
    ui: { executor: 'shared-iterations', vus: 1, iterations: 2, options: { browser: { type: 'chromium' } } },
  },
  thresholds: { 'browser_http_req_failed{resource_type:Document}': ['rate<1'] },
}

const base = __ENV.BASE_URL
const byReference = (suffix) => {
  let n = 0
  for (const link of document.querySelectorAll('a')) if (link.href !== '') n++
  return n + suffix
}

export default async function () {
  const seen = async (label, ask) => {
    try {
      console.log(label, JSON.stringify(await ask()))
    } catch (e) {
      console.log(label, 'rejected', String(e).split('\n')[0].replace(base, 'BASE'), typeof e, e instanceof Error)
    }
  }
  console.log(browser.isConnected(), typeof browser.version(), Object.keys(browser).sort().join())
  console.log(Object.keys(networkProfiles).sort().join(), typeof devices['iPhone X'].userAgent, devices['iPhone X'].isMobile)
  await seen('no context', () => browser.context())
  await seen('closeContext', () => browser.closeContext())
  const context = await browser.newContext({ viewport: { width: 400, height: 300 }, locale: 'de-DE', userAgent: 'me' })
  const page = await context.newPage()
  await seen('second context', () => browser.newContext())
  await seen('second page', () => browser.newPage())
  page.on('console', (message) => console.log('page says', message.type(), message.text()))
  await page.setContent(
    '<title>Set</title><h1>Hello</h1><a href="/x">x</a><button onclick="this.textContent=1">go</button>' +
      '<input id=i><select id=s><option value=1>a<option value=2>b</select><input type=checkbox id=c><p hidden>no</p>',
  )
  await seen('title', () => page.title())
  await seen('evaluate', () => page.evaluate(() => document.title + window.innerWidth))
  await seen('arguments', () => page.evaluate((a, b) => a + b, 1, 2))
  await seen('by reference', () => page.evaluate(byReference, '!'))
  await seen('throws', () => page.evaluate(() => { throw new Error('in page') })) // prettier-ignore
  await seen('async', () => page.evaluate(async () => { try { return await Promise.resolve(navigator.userAgent + navigator.language) } catch (e) { throw e } })) // prettier-ignore
  await seen('undefined', () => page.evaluate(() => undefined))
  await page.evaluate(() => console.log('hi', 1))
  await page.locator('button').click()
  await seen('clicked', () => page.locator('button').textContent())
  await page.locator('#i').fill('abc')
  await page.locator('#i').press('End')
  await page.keyboard.type('d')
  await seen('typed', () => page.locator('#i').inputValue())
  await seen('selected', () => page.selectOption('#s', '2'))
  await page.check('#c')
  await seen('checked', () => page.isChecked('#c'))
  await seen('hidden', async () => [await page.isHidden('p'), await page.locator('p').isVisible()])
  await seen('timeout', () => page.locator('#none').click({ timeout: 200 }))
  await seen('strict', () => page.locator('input').textContent({ timeout: 500 }))
  await seen('selector', () => page.waitForSelector('#none', { timeout: 200 }))
  await seen('role', () => page.getByRole('button', { name: '1' }).innerText())
  await seen('count', () => page.locator('input').count())
  await seen('handle', async () => (await page.evaluateHandle(() => document.body)).asElement() !== null)
  await seen('element', async () => (await page.$('h1')).textContent())
  await seen('no element', () => page.$('h7'))
  await seen('elements', async () => (await page.$$('input')).length)
  await seen('viewport', () => page.viewportSize())
  await seen('box', async () => Object.keys(await page.locator('h1').boundingBox()).sort())
  await seen('screenshot', async () => (await page.screenshot()).byteLength > 100)
  await seen('refused', () => page.goto('http://127.0.0.1:9/'))
  const response = await page.goto(`${base}/html`)
  check(response, { 'page opened': (r) => r.status() === 200 })
  await seen('response', async () => [response.ok(), response.url() === `${base}/html`, (await response.text()).length > 0])
  await seen('request', () => [response.request().method(), response.request().resourceType()])
  await page.goto(`${base}/html`)
  await page.reload()
  await page.close()
  await seen('closing', () => browser.closeContext())
  await seen('after', () => browser.context())
}
