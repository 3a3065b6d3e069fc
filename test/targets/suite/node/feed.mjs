// gc-pressure: every feed builds thousands of small objects that live just long enough to be copied by every collection.
import { faulty } from './context.mjs'

const KEPT = 60
const recent = []
const sums = new Float64Array(KEPT)
let next = 0

export function feed() {
  return { size: faulty('gc-pressure') ? keepFeedAsObjects() : keepFeedAsNumbers() }
}

function keepFeedAsObjects() {
  const entries = []
  for (let i = 0; i < 10_000; i++)
    entries.push({ id: next + i, at: { s: i, ms: i % 1000 }, tags: [i, next], text: `entry ${i}` })
  recent[next++ % KEPT] = entries
  return entries.length
}

function keepFeedAsNumbers() {
  let sum = 0
  for (let i = 0; i < 10_000; i++) sum += i % 1000
  sums[next++ % KEPT] = sum
  return 10_000
}
