/** The server's first packet with the abilities taken out that would hide what follows. */

const COMPRESS = 0x20
const SSL = 0x800
const QUERY_ATTRIBUTES = 1 << (27 - 16)
const ZSTD = 1 << (26 - 16)

/**
 * Handshake V10: kind, version text, thread, 8 bytes of salt, 0, abilities (low), character set, status, abilities (high).
 * @returns a copy; unchanged where the packet is shorter than that
 */
export function withoutHidingAbilities(packet: Buffer): Buffer {
  const copy = Buffer.from(packet)
  const versionEnd = copy.indexOf(0, 5)
  if (versionEnd < 0) return copy
  const low = versionEnd + 1 + 4 + 8 + 1
  const high = low + 2 + 1 + 2
  if (low + 2 > copy.length) return copy
  copy.writeUInt16LE(copy.readUInt16LE(low) & ~COMPRESS & ~SSL, low)
  if (high + 2 > copy.length) return copy
  copy.writeUInt16LE(copy.readUInt16LE(high) & ~QUERY_ATTRIBUTES & ~ZSTD & 0xffff, high)
  return copy
}
