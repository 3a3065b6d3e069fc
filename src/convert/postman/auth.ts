/** Postman's authorization as headers or parameters; what needs a dance of its own is said. */
import { encodeText } from '../input/bytes.js'
import type { Json } from '../input/json.js'
import type { Secrets } from '../recording/secrets.js'
import { Code, type Header, type QueryPair, type Text } from '../script/model.js'
import { textLiteral } from '../script/literal.js'

export interface Authorized {
  readonly headers: readonly Header[]
  readonly query: readonly QueryPair[]
  readonly needsEncoding: boolean
  readonly note?: string
}

export function authHeaders(auth: Json, text: (raw: string) => Text, secrets: Secrets): Authorized {
  const none = { headers: [], query: [], needsEncoding: false }
  const type = auth.get('type').text
  if (type === undefined || type === 'noauth') return none
  const settings = settingsOf(auth.get(type))
  const hidden = (value: string, name: string): Text =>
    value.includes('{{')
      ? text(value)
      : [secrets.add(value === '' ? `{{${name}}}` : value, name, `Postman's authorization (${type})`)]
  switch (type) {
    case 'bearer':
      return {
        ...none,
        headers: [
          { name: 'Authorization', value: ['Bearer ', ...hidden(settings.get('token') ?? '', 'bearer token')] },
        ],
      }
    case 'basic': {
      const pair: Text = [
        ...text(settings.get('username') ?? ''),
        ':',
        ...hidden(settings.get('password') ?? '', 'password'),
      ]
      return {
        ...none,
        needsEncoding: true,
        headers: [{ name: 'Authorization', value: ['Basic ', new Code(`encoding.b64encode(${textLiteral(pair)})`)] }],
      }
    }
    case 'apikey': {
      const key = settings.get('key') ?? 'X-API-Key'
      const value = hidden(settings.get('value') ?? '', key)
      if (settings.get('in') === 'query') return { ...none, query: [{ name: [encodeText(key)], value }] }
      return /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(key) ? { ...none, headers: [{ name: key, value }] } : none
    }
    case 'oauth2':
      return {
        ...none,
        headers: [
          { name: 'Authorization', value: ['Bearer ', ...hidden(settings.get('accessToken') ?? '', 'access token')] },
        ],
      }
    default:
      return { ...none, note: `authorization of the kind "${type.slice(0, 30)}" is not converted` }
  }
}

/** v2.1 lists `{key, value}`, v2.0 has an object. */
function settingsOf(settings: Json): Map<string, string> {
  const found = new Map<string, string>()
  for (const item of settings.items) {
    const key = item.get('key').text
    if (key !== undefined) found.set(key, String(item.get('value').value ?? ''))
  }
  for (const [key, value] of settings.entries) if (typeof value.value === 'string') found.set(key, value.value)
  return found
}
