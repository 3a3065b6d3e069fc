// args: --log-output stdout
export const options = { summaryMode: 'compact' }
export function handleSummary() {
  return {}
}
export default function () {
  console.log('on stdout')
}
