/** Keeps secrets out of a record: it is copied, mailed and kept for years. */
export const REDACTED = '***'

/** The command line with the values of secret variables, secret sources and credentials in URLs replaced. */
export function redactCommandLine(argv: readonly string[]): string[] {
  const out: string[] = []
  let flag: string | undefined
  for (const word of argv) {
    if (flag !== undefined) {
      out.push(redactValue(flag, word))
      flag = undefined
      continue
    }
    const [, name, value] = /^(--?[A-Za-z][\w-]*)(?:=([\s\S]*))?$/.exec(word) ?? []
    if (name === undefined) out.push(redactUrl(word))
    // `-eNAME=value`: a short flag may have its value without a space.
    else if (/^-e./.test(word)) out.push(`-e${redactValue('-e', word.slice(2))}`)
    else if (value !== undefined) out.push(`${name}=${redactValue(name, value)}`)
    else {
      out.push(word)
      if (TAKES_SECRET.test(name)) flag = name
    }
  }
  return out
}

/** A copy of JSON-like data in which the values of keys that name secrets, and credentials in URLs, are replaced. */
export function redactData(value: unknown): unknown {
  if (typeof value === 'string') return redactUrl(value)
  if (Array.isArray(value)) return value.map(redactData)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      SECRET_NAME.test(key) && (typeof inner === 'string' || typeof inner === 'number') && inner !== ''
        ? REDACTED
        : redactData(inner),
    ]),
  )
}

/**
 * A body or a message of any form, whole or cut: the values of JSON keys, form fields and headers whose names name
 * secrets are replaced, and credentials in URLs.
 */
export function redactText(text: string): string {
  const form = /^[^\s=&{]+=/.test(text) ? redactUrl(`?${text}`).slice(1) : redactUrl(text)
  return form
    .replace(
      // `"name": "value"`, the last of a cut text without its end.
      /"((?:[^"\\]|\\.){1,100})"(\s*:\s*)("(?:[^"\\]|\\.)*(?:"|$)|-?\d[\d.eE+-]*)/g,
      (all, name: string, colon: string) => (SECRET_NAME.test(name) ? `"${name}"${colon}"${REDACTED}"` : all),
    )
    .replace(/\b(bearer|basic)\s+[A-Za-z0-9._~+/-]{8,}=*/gi, `$1 ${REDACTED}`)
}

/** `https://user:secret@host/?token=secret`, anywhere in a text. */
export function redactUrl(text: string): string {
  return text
    .replace(/([a-z][a-z0-9+.-]*:\/\/)([^\s/?#@]*)@/gi, (_all, scheme: string, user: string) =>
      user.includes(':') ? `${scheme}${user.slice(0, user.indexOf(':'))}:${REDACTED}@` : `${scheme}${REDACTED}@`,
    )
    .replace(/([?&;]([^\s=&#;]+)=)([^\s&#;]+)/g, (all, head: string, name: string) =>
      SECRET_NAME.test(name) ? head + REDACTED : all,
    )
}

const SECRET_NAME =
  /pass(?:w|word|phrase|$)|passwd|pwd|secret|token|api[-_]?key|access[-_]?key|private[-_]?key|^key$|[-_]key$|auth|credential|cookie|session|signature|bearer|[-_]dsn$/i
/** Flags whose next word is `NAME=value` or a secret by itself. */
const TAKES_SECRET = /^(?:-e|--env|--secret-source|--tag|--header)$|^--?.*(?:token|password|secret|key)$/i

function redactValue(flag: string, value: string): string {
  if (flag === '--secret-source') return value.replace(/=[\s\S]*$/, `=${REDACTED}`)
  if (/^(?:-e|--env|--tag)$/.test(flag)) {
    const [, name, rest] = /^([^=]*)=([\s\S]*)$/.exec(value) ?? []
    if (name === undefined || rest === undefined) return value
    return `${name}=${SECRET_NAME.test(name) ? REDACTED : redactUrl(rest)}`
  }
  if (flag === '--header') return value.replace(/^([^:=]*[:=])[\s\S]*$/, `$1${REDACTED}`)
  return TAKES_SECRET.test(flag) ? REDACTED : redactUrl(value)
}
