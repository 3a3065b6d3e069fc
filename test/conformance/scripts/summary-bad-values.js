// file: good.txt
export default function () {}
export function handleSummary() {
  return { 'good.txt': 'good', '/nonexistent-folder/x.txt': 'bad' }
}
