/** Values in the units that pprof names, for people. */
const nanoseconds: readonly (readonly [number, string])[] = [
  [60e9, 'min'],
  [1e9, 's'],
  [1e6, 'ms'],
  [1e3, 'us'],
  [1, 'ns'],
]
const bytes: readonly (readonly [number, string])[] = [
  [2 ** 30, 'GB'],
  [2 ** 20, 'MB'],
  [2 ** 10, 'KB'],
  [1, 'B'],
]

export function formatValue(value: number, unit: string): string {
  const scale = unit === 'nanoseconds' ? nanoseconds : unit === 'bytes' ? bytes : undefined
  if (scale === undefined) return Math.round(value).toLocaleString('en-US')
  const [factor, name] = scale.find(([at]) => Math.abs(value) >= at) ?? (scale.at(-1) as readonly [number, string])
  const scaled = value / factor
  return `${scaled.toFixed(scaled >= 100 || factor === 1 ? 0 : scaled >= 10 ? 1 : 2)} ${name}`
}
