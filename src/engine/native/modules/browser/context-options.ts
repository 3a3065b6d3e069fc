/** Options of `browser.newContext` and `browser.newPage`: k6's names, and nothing beyond them. */
import type { BrowserContextOptions } from 'playwright-core'

/** k6's name -> playwright's. */
const names: Readonly<Record<string, string>> = {
  acceptDownloads: 'acceptDownloads',
  bypassCSP: 'bypassCSP',
  colorScheme: 'colorScheme',
  deviceScaleFactor: 'deviceScaleFactor',
  extraHTTPHeaders: 'extraHTTPHeaders',
  geolocation: 'geolocation',
  hasTouch: 'hasTouch',
  httpCredentials: 'httpCredentials',
  ignoreHTTPSErrors: 'ignoreHTTPSErrors',
  isMobile: 'isMobile',
  javaScriptEnabled: 'javaScriptEnabled',
  locale: 'locale',
  offline: 'offline',
  permissions: 'permissions',
  proxy: 'proxy',
  reducedMotion: 'reducedMotion',
  screen: 'screen',
  timezoneID: 'timezoneId',
  userAgent: 'userAgent',
  viewport: 'viewport',
}

/** @throws Error in k6's words */
export function contextOptions(given: unknown): BrowserContextOptions {
  const options: Record<string, unknown> = { locale: 'en-US', colorScheme: 'light', reducedMotion: 'no-preference' }
  for (const [name, value] of Object.entries((given ?? {}) as object)) {
    const known = names[name]
    if (known !== undefined && value !== undefined && value !== null) options[known] = value
  }
  const proxy = options['proxy'] as { server?: unknown } | undefined
  if (proxy !== undefined && String(proxy.server ?? '').trim() === '') throw new Error('proxy.server must be set')
  return options
}
