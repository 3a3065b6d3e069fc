import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { faultNames, faults, parseFaults } from './faults.js'

describe('faults', () => {
  it('are parsed from a list, from "all" and from nothing', () => {
    expect([...parseFaults('n-plus-one, small-pool')]).toEqual(['n-plus-one', 'small-pool'])
    expect([...parseFaults('all')]).toEqual([...faultNames])
    expect(parseFaults('').size).toBe(0)
    expect(parseFaults('none').size).toBe(0)
  })

  it('name the known ones when one is unknown', () => {
    expect(() => parseFaults('n-plus-two')).toThrow(/unknown fault "n-plus-two".*n-plus-one/)
  })

  it('are each documented, at a place that exists', () => {
    expect(faults.map((fault) => fault.name)).toEqual([...faultNames])
    for (const fault of faults) {
      const [, file, name] = /^([\w/-]+\.ts): (?:index )?(\w+)/.exec(fault.where) ?? []
      expect(readFileSync(new URL(file ?? '', import.meta.url), 'utf8')).toContain(name)
    }
  })
})
