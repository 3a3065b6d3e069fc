import { describe, expect, it } from 'vitest'
import { displayWidth, formatBytes, formatDuration, formatNumber, formatPercent } from './format.js'

describe('numbers as k6 prints them', () => {
  it.each([
    [0, '0s'],
    [0.0005, '500ns'],
    [0.00148, '1.48µs'],
    [0.99999, '999.99µs'],
    [1, '1ms'],
    [5.6789, '5.67ms'],
    [999.999, '999.99ms'],
    [1000, '1s'],
    [2469.1356, '2.46s'],
    [59_999, '59.99s'],
    [60_000, '1m0s'],
    [61_500, '1m1s'],
    [3_600_000, '1h0m0s'],
    [5_025_000, '1h23m45s'],
    [-5, '-5ms'],
  ])('%d ms reads %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text)
  })

  it('keeps to a unit when told', () => {
    expect(formatDuration(1234.5678, 's')).toBe('1.23s')
    expect(formatDuration(1234.5678, 'ms')).toBe('1234.57ms')
    expect(formatDuration(1.5, 'us')).toBe('1500.00µs')
  })

  it.each([
    [0, '0 B'],
    [9, '9 B'],
    [345.3, '345 B'],
    [1000, '1.0 kB'],
    [2160, '2.2 kB'],
    [12_345, '12 kB'],
    [1.5e9, '1.5 GB'],
    [-2160, '-2.2 kB'],
  ])('%d bytes read %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text)
  })

  it('truncates shares, so that nearly all never reads as all', () => {
    expect(formatPercent(0.99999)).toBe('99.99%')
    expect(formatPercent(1 / 3)).toBe('33.33%')
  })

  it('keeps six decimals at most', () => {
    expect(formatNumber(7.3164241)).toBe('7.316424')
    expect(formatNumber(2.5)).toBe('2.5')
  })

  it('does not count escape sequences as columns', () => {
    expect(displayWidth('\x1b[32m✓ é\x1b[0m')).toBe(3)
  })
})
