import { expect, it } from 'vitest'
import { numbersOf } from './bin-numbers.js'

it('a rate over the last hundredths of a run is no rush; a run that is shorter than a second has its own', () => {
  const bin = { seconds: new Map([['w0', 0.04]]), cells: [], general: new Map(), failures: new Map() }
  expect(numbersOf(30, bin).seconds).toBe(0.5)
  expect(numbersOf(0, bin).seconds).toBe(0.04)
})
