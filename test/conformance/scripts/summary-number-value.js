// known-difference: bad-summary
// stdout
export default function () {}
export function handleSummary() {
  return { stdout: 5 }
}
