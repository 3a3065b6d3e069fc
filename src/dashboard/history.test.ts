import { describe, expect, it } from 'vitest'
import { History } from './history.js'

const LEVELS = [
  { stepS: 1, keep: 20 },
  { stepS: 10, keep: 12 },
  { stepS: 60, keep: 4 },
]

/** Ten minutes in which the value of every second is its number. */
function filled(seconds: number): { history: History; mean: number; max: number } {
  const history = new History(LEVELS)
  const [mean, max] = [history.add('mean', 'mean'), history.add('max', 'max')]
  for (let t = 1; t <= seconds; t++) {
    history.set(mean, t)
    history.set(max, t)
    history.tick(t + (t % 3) / 1000)
  }
  return { history, mean, max }
}

describe('the history of a run', () => {
  it('has every second while they fit', () => {
    const { history, mean } = filled(20)
    expect(history.values(mean)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1))
    expect(history.stretch().steps).toEqual([[1, 20]])
  })

  it('keeps the last seconds whole and what is older in coarser steps, without gap or overlap', () => {
    const { history, mean, max } = filled(600)
    const { times, steps } = history.stretch()
    expect(steps.map(([stepS]) => stepS)).toEqual([60, 10, 1])
    expect(times.map(Math.round)).toEqual(times.map(Math.round).sort((a, b) => a - b))
    expect(new Set(times.map(Math.round)).size).toBe(times.length)
    expect(times.map(Math.round).slice(-20)).toEqual(Array.from({ length: 20 }, (_, i) => 581 + i))
    // A coarse step follows the one before at most one step later.
    times.forEach((t, i) => expect(t - (times[i - 1] ?? t - 1)).toBeLessThan(60.5))
    const at = times.findIndex((t) => Math.round(t) === 500)
    expect(history.values(mean)[at]).toBe((491 + 500) / 2)
    expect(history.values(max)[at]).toBe(500)
  })

  it('takes percentiles of a coarse step from what was collected for it, not from those of its seconds', () => {
    const history = new History(LEVELS)
    const asked: number[] = []
    const column = history.add('p99', { of: (level) => asked.push(level) * 100 })
    for (let t = 1; t <= 60; t++) {
      history.set(column, t)
      history.tick(t)
    }
    expect(asked).toEqual([1, 1, 1, 1, 1, 1, 2])
    expect(history.values(column).slice(-20)).toEqual(Array.from({ length: 20 }, (_, i) => 41 + i))
  })

  it('a column that comes later has no values before, and a second without a value stays one', () => {
    const { history } = filled(5)
    const late = history.add('late', 'mean')
    history.set(late, 7)
    history.tick(6)
    history.tick(7)
    expect(history.values(late)).toEqual([Number.NaN, Number.NaN, Number.NaN, Number.NaN, Number.NaN, 7, Number.NaN])
  })

  it('gives single seconds while they are kept', () => {
    const { history } = filled(50)
    expect(history.at(49)?.values).toEqual([50, 50])
    expect(history.at(30)?.values).toEqual([31, 31])
    expect(history.at(29)).toBeUndefined()
    expect(history.at(50)).toBeUndefined()
  })
})
