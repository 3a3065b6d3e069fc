/** Security schemes as variables that are given at run time. */
import { encodeText } from '../input/bytes.js'
import type { Json } from '../input/json.js'
import type { Secrets } from '../recording/secrets.js'
import { Code, type Header, type QueryPair } from '../script/model.js'
import type { References } from './read-document.js'

export interface Credentials {
  readonly headers: readonly Header[]
  readonly query: readonly QueryPair[]
  readonly cookies: readonly Header[]
  readonly needsEncoding: boolean
}

/** The first of the alternatives that the operation offers; all schemes of it. */
export function credentials(security: Json, schemes: Json, references: References, secrets: Secrets): Credentials {
  const headers: Header[] = []
  const query: QueryPair[] = []
  const cookies: Header[] = []
  let needsEncoding = false
  const [first] = security.items
  for (const [name] of first?.entries ?? []) {
    const scheme = references.resolve(schemes.get(name))
    if (scheme === undefined) continue
    // The value is not known; its marker keeps one variable for one scheme.
    const secret = (part: string, wanted: string): Code =>
      secrets.add(`{{${name} ${part}}}`, wanted, `security scheme ${name}${part === '' ? '' : `, ${part}`}`)
    const kind = scheme.get('type').text
    const httpScheme = scheme.get('scheme').text?.toLowerCase()
    if (kind === 'apiKey') {
      const key = scheme.get('name').text ?? 'X-API-Key'
      const value = [secret('', name)]
      const place = scheme.get('in').text
      if (place === 'query')
        query.push({ name: [encodeText(key)], value: [new Code(`encodeURIComponent(${value[0]?.text})`)] })
      else if (isToken(key)) (place === 'cookie' ? cookies : headers).push({ name: key, value })
    } else if (kind === 'http' && httpScheme === 'basic') {
      needsEncoding = true
      const [user, password] = [secret('user', `${name} user`), secret('password', `${name} password`)]
      headers.push({
        name: 'Authorization',
        value: ['Basic ', new Code(`encoding.b64encode(\`\${${user.text}}:\${${password.text}}\`)`)],
      })
    } else if (kind === 'http' || kind === 'oauth2' || kind === 'openIdConnect')
      headers.push({ name: 'Authorization', value: ['Bearer ', secret('token', `${name} token`)] })
  }
  return { headers, query, cookies, needsEncoding }
}

export function isToken(name: string): boolean {
  return /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name)
}
