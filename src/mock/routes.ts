/** Which route answers a request. Exact paths are looked up, patterns are tried in the order of the file. */
import type { MockRoute } from './definition.js'

export interface Matched<T> {
  readonly route: T
  readonly path: Readonly<Record<string, string>>
}

interface Pattern<T> {
  readonly method: string
  readonly expression: RegExp
  readonly names: readonly string[]
  readonly route: T
}

export class RouteTable<T> {
  readonly #exact = new Map<string, T>()
  readonly #patterns: Pattern<T>[] = []

  constructor(routes: readonly { readonly request: MockRoute['request']; readonly route: T }[]) {
    for (const { request, route } of routes) {
      const [method = '', path = ''] = request.split(' ')
      if (method !== '*' && !/[{*]|\/:/.test(path)) {
        if (!this.#exact.has(request)) this.#exact.set(request, route)
      } else this.#patterns.push({ method, ...compile(path), route })
    }
  }

  /** @param path  without the query */
  match(method: string, path: string): Matched<T> | undefined {
    const exact = this.#exact.get(`${method} ${path}`)
    if (exact !== undefined) return { route: exact, path: {} }
    for (const { method: wanted, expression, names, route } of this.#patterns) {
      if (wanted !== '*' && wanted !== method) continue
      const found = expression.exec(path)
      if (found !== null)
        return { route, path: Object.fromEntries(names.map((name, i) => [name, decode(found[i + 1] ?? '')])) }
    }
    return undefined
  }
}

/** `/v1/{id}/x`, `/v1/:id`, `/v1/**`. */
function compile(path: string): { readonly expression: RegExp; readonly names: readonly string[] } {
  const names: string[] = []
  const parts = path.split('/').map((part) => {
    const name = /^(?:\{([^{}]+)\}|:(\w+))$/.exec(part)
    if (name !== null) {
      names.push(name[1] ?? name[2] ?? '')
      return '([^/]+)'
    }
    if (part === '**') return '.*'
    return part.replace(/[.*+?^${}()|[\]\\]/g, (letter) => (letter === '*' ? '[^/]*' : `\\${letter}`))
  })
  return { expression: new RegExp(`^${parts.join('/')}$`), names }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
