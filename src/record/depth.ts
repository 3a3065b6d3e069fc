/** Nesting that no writer reaches, and that every recursive reader of the value can follow. */
const MAX_DEPTH = 500

/** True for a value whose lists and objects are nested so deep that walking it by recursion might run out of stack. */
export function isTooDeep(value: unknown): boolean {
  let level: unknown[] = [value]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_DEPTH) return true
    level = level.flatMap((item) => (typeof item === 'object' && item !== null ? Object.values(item) : []))
  }
  return false
}
