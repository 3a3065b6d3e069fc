/** Requests by endpoint, and the parameters by which one may be made larger or go deeper. */

/** `GET /orders/:id/lines`: numbers, UUIDs and long hexadecimal segments are ids. */
export function endpointOf(method: string, url: string): string {
  const { pathname } = new URL(url)
  const path = pathname.replace(/\/(?:\d+|[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{16,})(?=\/|$)/gi, '/:id')
  return `${method} ${path}`
}

export interface Parameter {
  readonly name: string
  /** `size`: how many rows; `depth`: where the page begins. */
  readonly role: 'size' | 'depth'
  readonly value: number
}

const sizes =
  /^(limit|size|count|n|take|first|top|max|(per|page|rows|results|items|max)[-_]?(page|size|count|results|rows|items)|pagesize|perpage)$/i
const depths = /^(page|p|offset|skip|start|from|page[-_]?(number|no|index|num)|pagenumber|startindex|start[-_]index)$/i

export function parametersOf(url: string): Parameter[] {
  return [...new URL(url).searchParams].flatMap(([name, text]): Parameter[] => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : undefined
    if (value === undefined) return []
    if (depths.test(name)) return [{ name, role: 'depth', value }]
    return sizes.test(name) ? [{ name, role: 'size', value }] : []
  })
}

export function withParameter(url: string, name: string, value: number): string {
  const changed = new URL(url)
  changed.searchParams.set(name, String(value))
  return changed.href
}
