// known-difference: bad-summary
export default function () {}
export function handleSummary() {
  return 'text'
}
