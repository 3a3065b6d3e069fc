// app-cpu: every search compares its word with every title by edit distance, instead of looking it up.
import { faulty } from './context.mjs'

const titles = Array.from({ length: 700 }, (_, i) => `title ${(i * 2_654_435_761) % 99_991} of the shop`)
const byWord = new Map()
for (const title of titles) {
  const word = title.split(' ')[1]
  byWord.set(word, [...(byWord.get(word) ?? []), title])
}

export function search(query) {
  const word = query.get('q') ?? ''
  return faulty('app-cpu') ? rankByEditDistance(word) : lookUpWord(word)
}

function lookUpWord(word) {
  return byWord.get(word) ?? []
}

function rankByEditDistance(word) {
  return titles
    .map((title) => ({ title, distance: editDistance(`title ${word} of the shop`, title) }))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 10)
}

function editDistance(a, b) {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      row[j] = Math.min(row[j - 1] + 1, previous[j] + 1, previous[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1))
    }
    previous = row
  }
  return previous[b.length]
}
