import type { DuetRequest } from './types.js'

/** Method and path with what looks like an identifier taken out, so that requests of one route are counted together. */
export function endpointOf({ method, path }: DuetRequest): string {
  const bare = path.split(/[?#]/, 1)[0] ?? '/'
  const parts = bare
    .split('/')
    .slice(0, 12)
    .map((part) => (isIdentifier(part) ? '{}' : part.slice(0, 60)))
  return `${method} ${parts.join('/')}`
}

function isIdentifier(part: string): boolean {
  return /^\d+$/.test(part) || /^[0-9a-f]{8}-[0-9a-f-]{27}$/i.test(part) || /^[0-9a-f]{16,}$/i.test(part)
}
