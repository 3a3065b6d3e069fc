// rate-limited: a quota of requests a second, far under what is asked; beyond it 429.
import { faulty } from './context.mjs'

const perSecond = faulty('rate-limited') ? 20 : 100_000
let tokens = perSecond
let filledAt = performance.now()

export function quota() {
  return takeToken()
    ? { ok: true }
    : { status: 429, headers: { 'retry-after': '1' }, body: { error: 'quota exceeded' } }
}

function takeToken() {
  const now = performance.now()
  tokens = Math.min(perSecond, tokens + ((now - filledAt) / 1000) * perSecond)
  filledAt = now
  if (tokens < 1) return false
  tokens--
  return true
}
