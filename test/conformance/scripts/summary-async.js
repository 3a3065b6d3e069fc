// stdout
export default function () {}
export async function handleSummary() {
  await null
  return { stdout: 'async\n' }
}
