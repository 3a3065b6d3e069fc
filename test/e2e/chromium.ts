/** Pages in a real Chromium: launched as on a machine without a screen, with what goes wrong in them. */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { findChromium } from '../../src/engine/native/modules/browser/launch.js'

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')

/** '' when there is none. */
export const chromiumPath: string = ((): string => {
  try {
    return findChromium(process.env)
  } catch {
    return ''
  }
})()

export async function launchChromium(): Promise<Browser> {
  const { chromium } = await import('playwright-core')
  return await chromium.launch({
    executablePath: chromiumPath,
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
}

/** Opens a page; what goes wrong in it (script errors, what its policy forbids) is collected. */
export async function open(browser: Browser, url: string): Promise<{ page: Page; problems: string[] }> {
  const page = await (await browser.newContext({ viewport: { width: 1280, height: 900 } })).newPage()
  const problems: string[] = []
  page.on('pageerror', (error) => problems.push(error.message))
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().includes('ERR_')) problems.push(message.text())
  })
  page.on('dialog', (dialog) => problems.push(`dialog ${dialog.message()}`))
  await page.goto(url)
  return { page, problems }
}

/** Serious and critical faults that axe finds. */
export async function faults(page: Page): Promise<string[]> {
  // By the debugger, because the page's policy lets no script in.
  await page.evaluate(readFileSync(join(root, 'node_modules', 'axe-core', 'axe.min.js'), 'utf8'))
  const found = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run(): Promise<{ violations: Violation[] }> } }
    interface Violation {
      id: string
      impact: string
      nodes: { html: string }[]
    }
    const { violations } = await axe.run()
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 150)).join(' | ')}`)
  })
  return found
}
