// Names that a summary could spoil.
// stdout
// mask: \d+\.\d+/s
// mask: \d+(\.\d+)?(µs|ms|ns|s)\b
// ignore: data_sent
import { check } from 'k6'
export function handleSummary(data) {
  const names = data.root_group.checks.map((c) => `${c.name} ${c.id} ${c.path} ${c.passes} ${c.fails}`)
  return { stdout: `${names.join('\n')}\n` }
}
export default function () {
  check(1, { 'with "quotes"': true, 'ünï ✓': false, '  spaces  ': true, '': true, 'a:b': true, 'x{y}': true })
}
