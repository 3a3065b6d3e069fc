// file: bytes.bin
// file: deep.txt
export default function () {}
export function handleSummary() {
  return { 'bytes.bin': new Uint8Array([65, 66]).buffer, './deep.txt': 'x' }
}
