import { closeSync, openSync, readSync } from 'node:fs'

const chunkBytes = 1 << 20
const maxBinaryBytes = 256 << 20

/** `go1.22.1`: 32 bytes after the magic, a length and the text, since Go 1.18 (debug/buildinfo). */
export function goVersion(path: string): string | undefined {
  let fd: number
  try {
    fd = openSync(path, 'r')
  } catch {
    return undefined
  }
  try {
    const buffer = Buffer.alloc(chunkBytes)
    const overlap = 128
    for (let at = 0; at < maxBinaryBytes; at += chunkBytes - overlap) {
      const bytes = readSync(fd, buffer, 0, chunkBytes, at)
      if (bytes <= overlap) return undefined
      const found = buffer.subarray(0, bytes).indexOf('\xff Go buildinf:', 0, 'latin1')
      if (found < 0 || found + overlap > bytes) continue
      const length = buffer[found + 32] ?? 0
      const text = buffer.toString('latin1', found + 33, found + 33 + Math.min(length, 64))
      return /^go\d[\w.+-]*$/.test(text) ? text : undefined
    }
    return undefined
  } catch {
    return undefined
  } finally {
    closeSync(fd)
  }
}
