/**
 * Takes out of a URL what is an identity rather than an endpoint: numbers, UUIDs, hashes, long random tokens, and every
 * query value. Used only when a script asks for more different URLs than can be kept apart.
 */
export function templateUrl(text: string): string {
  const hash = text.indexOf('#')
  const main = hash < 0 ? text : text.slice(0, hash)
  const mark = main.indexOf('?')
  const place = mark < 0 ? main : main.slice(0, mark)
  const start = /^[a-z][a-z0-9+.-]*:\/\/[^/]*/i.exec(place)?.[0] ?? ''
  const path = place
    .slice(start.length)
    .split('/')
    .map((segment) => (isIdentity(segment) ? '{id}' : segment))
    .join('/')
  return mark < 0 ? start + path : `${start}${path}?${templateQuery(main.slice(mark + 1))}`
}

function templateQuery(query: string): string {
  return query
    .split('&')
    .map((pair) => {
      const equals = pair.indexOf('=')
      if (equals < 0) return isIdentity(pair) ? '{id}' : pair
      return `${pair.slice(0, equals)}={value}`
    })
    .join('&')
}

function isIdentity(segment: string): boolean {
  if (segment === '') return false
  // A trailing extension does not make an id a name: 4711.json.
  const stem = segment.replace(/\.[A-Za-z]{1,5}$/, '')
  return (
    /^\d+$/.test(stem) ||
    /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i.test(stem) ||
    (/^[0-9a-f]{8,}$/i.test(stem) && /\d/.test(stem)) ||
    (/^[A-Za-z0-9_-]{16,}$/.test(stem) && /\d/.test(stem) && /[A-Za-z]/.test(stem)) ||
    // A word with a number in it: user-4711, order_12.
    (/^[A-Za-z]+[-_]?\d+$/.test(stem) && /\d{2,}$/.test(stem))
  )
}
