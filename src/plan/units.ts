/** Times, sizes and shares as plans write them. Texts have passed the plan's schema. */
import { NS_PER_S, parseDuration } from '#base/duration.js'

/** @returns seconds */
export function seconds(text: string): number {
  const read = parseDuration(text)
  if ('error' in read) throw new RangeError(read.error)
  return read.ns / NS_PER_S
}

const powers: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KIB: 2 ** 10,
  MIB: 2 ** 20,
  GIB: 2 ** 30,
  TIB: 2 ** 40,
}

/** `4GiB` in bytes; NaN for what is no size. */
export function bytes(text: string): number {
  const [, number = '', unit = ''] = /^\s*([\d.]+)\s*([a-z]+)\s*$/i.exec(text) ?? []
  return Number(number) * (powers[unit.toUpperCase()] ?? Number.NaN)
}

/** `99.9%` as 0.999. */
export function share(text: string): number {
  return Number(text.replace('%', '').trim()) / 100
}

/** Three significant digits, without an exponent: 0.0417, 12.5, 48,200. */
export function figure(value: number): string {
  if (value === 0) return '0'
  const rounded = Number(value.toPrecision(3))
  return rounded.toLocaleString('en-US', { maximumFractionDigits: 10 })
}

/** 90 as `1m30s`. */
export function timeText(s: number): string {
  if (s < 1) return `${Math.round(s * 1000)}ms`
  const whole = Math.round(s)
  if (whole < 60) return `${figure(s)}s`
  const parts: [number, string][] = [
    [Math.floor(whole / 3600), 'h'],
    [Math.floor((whole % 3600) / 60), 'm'],
    [whole % 60, 's'],
  ]
  return parts.flatMap(([n, unit]) => (n === 0 ? [] : [`${n}${unit}`])).join('')
}
