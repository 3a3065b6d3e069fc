/** Bodies with places to fill in. */
import type { Random } from '#base/random.js'

export interface TemplateScope {
  readonly path: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  /** The request's body: parsed on first use, undefined when it is no JSON. */
  readonly body: () => unknown
  readonly seq: () => number
  readonly nowMs: () => number
  readonly random: Random
}

const place = /\{\{\s*([^{}]{1,200}?)\s*\}\}/g

/** True when a text is the same for every request. */
export function isPlain(text: string): boolean {
  return text.search(place) < 0
}

/**
 * @param json  the text is JSON: what is filled in within quotes is escaped; `"{{body.amount}}"` alone becomes the value
 *   itself, a number or an object
 */
export function fill(text: string, scope: TemplateScope, json: boolean): string {
  if (!json) return text.replace(place, (_, name: string) => asText(valueOf(name, scope)))
  return text
    .replace(/"\{\{\s*([^{}"]{1,200}?)\s*\}\}"/g, (_, name: string) => JSON.stringify(valueOf(name, scope) ?? null))
    .replace(place, (_, name: string) => JSON.stringify(asText(valueOf(name, scope))).slice(1, -1))
}

function valueOf(name: string, scope: TemplateScope): unknown {
  const [word = '', ...rest] = name.split(/[.\s]+/)
  switch (word) {
    case 'path':
      return scope.path[rest[0] ?? '']
    case 'query':
      return scope.query.get(rest.join('.')) ?? undefined
    case 'body':
      return rest.reduce<unknown>(
        (at, key) =>
          typeof at === 'object' && at !== null && Object.hasOwn(at, key)
            ? (at as Record<string, unknown>)[key]
            : undefined,
        scope.body(),
      )
    case 'seq':
      return scope.seq()
    case 'uuid':
      return uuid(scope.random)
    case 'now':
      return new Date(scope.nowMs()).toISOString()
    case 'random': {
      const [low, high] = [Number(rest[0] ?? 0), Number(rest[1] ?? 100)]
      return low + Math.floor(scope.random() * (high - low + 1))
    }
    default:
      return undefined
  }
}

function asText(value: unknown): string {
  if (value === undefined || value === null) return ''
  return typeof value === 'object' ? JSON.stringify(value) : String(value as string | number | boolean)
}

/** Version 4, from the seeded numbers, so that a run of the stand-in can be had again. */
function uuid(random: Random): string {
  return 'xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx'.replace(/[xy]/g, (letter) =>
    (letter === 'x' ? Math.floor(random() * 16) : 8 + Math.floor(random() * 4)).toString(16),
  )
}
