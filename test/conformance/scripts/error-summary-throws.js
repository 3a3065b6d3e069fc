export function handleSummary() {
  throw new Error('in summary')
}
export const options = { iterations: 1 }
export default function () {
  console.log('vu')
}
