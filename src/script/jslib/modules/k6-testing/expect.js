import exec from 'k6/execution'
import { loadConfig } from './config.js'
import { AssertionFailed } from './failure.js'
import { locatorMatchers } from './locator-matchers.js'
import { printFailure } from './print.js'
import { valueMatchers } from './value-matchers.js'

export const expect = makeExpect()

function makeExpect(explicit) {
  const config = loadConfig(explicit)
  const expect = (value) => expectations(value, config, false)
  expect.soft = (value) => expectations(value, { ...config, soft: true }, false)
  expect.configure = (changed) => makeExpect(changed)
  Object.defineProperty(expect, 'config', { get: () => ({ ...config }) })
  return expect
}

function expectations(received, config, negated) {
  const all = {
    get not() {
      return expectations(received, config, !negated)
    },
  }
  const shared = { received, config, negated }
  for (const [name, matcher] of Object.entries(valueMatchers)) all[name] = bind(name, matcher, shared)
  for (const [name, matcher] of Object.entries(locatorMatchers)) all[name] = bindRetrying(name, matcher, shared)
  return all
}

/**
 * A matcher throws AssertionFailed when the expectation does not hold; when it holds it answers what to say in case
 * that was not expected.
 */
function bind(name, { args: argNames, match }, { received, config, negated }) {
  return (...args) => {
    const call = { name, argNames, args, negated, at: callSite() }
    let detail
    try {
      detail = match(received, ...args)
    } catch (error) {
      if (!(error instanceof AssertionFailed)) throw error
      if (!negated) fail(error.detail, call, config)
      return
    }
    if (negated) fail(detail, call, config)
  }
}

function bindRetrying(name, { args: argNames, check, attempt, retryArgs }, { received, config, negated }) {
  return async (...args) => {
    const call = { name, argNames, args, negated, at: callSite() }
    const trace = []
    let detail
    try {
      check(received, ...args)
      const { timeout, interval } = { timeout: 5000, interval: 100, ...config, ...retryArgs?.(args) }
      trace.push(`expect.${name} with timeout ${timeout}ms`)
      detail = await retry(() => attempt(received, ...args), { name, timeout, interval, trace })
    } catch (error) {
      if (!(error instanceof AssertionFailed)) throw error
      if (!negated) fail(error.detail, call, config, trace)
      return
    }
    if (negated) fail(detail, call, config, trace)
  }
}

async function retry(attempt, { name, timeout, interval, trace }) {
  const startMs = Date.now()
  for (;;) {
    let failure
    try {
      return await attempt()
    } catch (error) {
      const timedOut = !(error instanceof AssertionFailed) && String(error).includes('timed out after')
      if (!(error instanceof AssertionFailed) && !timedOut) throw error
      trace.push(timedOut ? String(error) : (error.detail.message ?? `assertion ${name} failed`))
      failure = timedOut
        ? new AssertionFailed({ lines: [['Message', 'Failed to find element for locator', 'red']] })
        : error
    }
    if (Date.now() - startMs + interval > timeout) throw failure
    await new Promise((resolve) => setTimeout(resolve, interval))
  }
}

function fail(detail, call, config, trace) {
  const text = printFailure(detail, call, config, trace)
  if (config.assertFn) config.assertFn(false, text, config.soft, config.softMode)
  else if (!config.soft) exec.test.abort(text)
  else if (config.softMode === 'fail') exec.test.fail(text)
  else throw new AssertionFailedError(text)
}

export class AssertionFailedError extends Error {
  constructor(message) {
    super(message)
    this.name = 'AssertionFailedError'
  }
}

/** Where the matcher was called: above this function and the matcher itself. */
function callSite() {
  const frames = String(new Error().stack)
    .split('\n')
    .filter((line) => /^\s*at .*:\d+:\d+/.test(line))
  const [, path = '', line = '0', column = '0'] = /^\s*at (?:.*\()?(.*?):(\d+):(\d+)/.exec(frames[2] ?? '') ?? []
  const file = path.replace(/^async /, '').replace(/^file:\/\//, '')
  return { file, name: file.slice(file.lastIndexOf('/') + 1), line, column }
}
