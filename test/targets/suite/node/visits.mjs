// memory-leak: what every visitor sent is kept for ever.
import { faulty } from './context.mjs'

const visits = []
const newest = []
let count = 0

export function visit() {
  const entry = {
    at: Date.now(),
    id: ++count,
    headers: Array.from({ length: 400 }, (_, i) => `header-${i}: ${count}-${i}`),
  }
  if (faulty('memory-leak')) rememberVisit(entry)
  else rememberRecentVisit(entry)
  return { id: entry.id }
}

function rememberVisit(entry) {
  visits.push(entry)
}

function rememberRecentVisit(entry) {
  newest[entry.id % 100] = entry
}
