import { describe, expect, it } from 'vitest'
import { parseGoFloat } from './go-float.js'

describe('parseGoFloat', () => {
  it.each([
    ['5', 5],
    ['+5', 5],
    ['-5', -5],
    ['.5', 0.5],
    ['5.', 5],
    ['1_000', 1000],
    ['1_23.50_0_0e+1_2', 1.235e14],
    ['1e-3', 0.001],
    ['0x1p4', 16],
    ['-0x1.8p1', -3],
    ['0X_1P-2', 0.25],
    ['inf', Number.POSITIVE_INFINITY],
    ['-Infinity', Number.NEGATIVE_INFINITY],
    ['NaN', Number.NaN],
  ])('reads %s', (text, value) => {
    expect(parseGoFloat(text)).toBe(value)
  })

  it.each([
    '',
    ' 5',
    '5 ',
    '5ms',
    '=',
    '0x10',
    '0x.p1',
    '1__0',
    '_1',
    '1_',
    '1e',
    'e5',
    '.',
    '0b1',
    '--5',
    '+nan',
    '٣',
    '1,5',
  ])("refuses '%s'", (text) => {
    expect(parseGoFloat(text)).toBe('invalid syntax')
  })

  it('refuses what no float64 holds', () => {
    expect(parseGoFloat('1e999')).toBe('value out of range')
    expect(parseGoFloat('0x1p5000')).toBe('value out of range')
  })
})
