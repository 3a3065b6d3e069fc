/** Names for URLs that hold ids: one series for `/orders/17` and `/orders/18`. */
import { Code, type Text } from '../script/model.js'

/** A segment or value that stands for one of many: a number, a UUID, a hash, a token. */
export function isId(text: string): boolean {
  return /^\d+$/.test(text) || isToken(text)
}

/** Text that somebody drew at random: long, of one piece, letters and digits mixed. */
export function isToken(text: string): boolean {
  if (/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(text)) return true
  if (/^[0-9a-f]{12,}$/i.test(text)) return /\d/.test(text) && /[a-f]/i.test(text)
  if (!/^[\w.~+/=:-]{12,}$/.test(text)) return false
  if (!/\d/.test(text) || !/[A-Za-z]/.test(text)) return false
  // Words with a number at the end, dates, versions and files are no tokens.
  if (/^[A-Za-z]+([-_.][A-Za-z]+)*[-_.]?\d{0,4}(\.[a-z]+)?$/.test(text)) return false
  if (/^\d{4}-\d{2}-\d{2}(T[\d:.]+(Z|[+-]\d{2}:?\d{2})?)?$/.test(text)) return false
  return text.length >= 20 || digitsAmongLetters(text) >= 3
}

export function isJwt(text: string): boolean {
  return /^eyJ[\w-]+\.[\w-]+\.[\w-]*$/.test(text)
}

/** The path with `{id}` for what varies; undefined when nothing does. */
export function pathName(path: Text): string | undefined {
  let varies = false
  const name = path
    .map((part) => {
      if (part instanceof Code) {
        varies = true
        return `{${variableOf(part)}}`
      }
      return part
        .split('/')
        .map((segment) => {
          if (!isId(segment)) return segment
          varies = true
          return '{id}'
        })
        .join('/')
    })
    .join('')
  return varies ? name : undefined
}

/** The variable that an expression is about. */
function variableOf(code: Code): string {
  return /([A-Za-z_$][\w$]*)\)*$/.exec(code.text)?.[1] ?? 'id'
}

/** How often letters and digits change: `a1b2c3` does, `product-2024` does not. */
function digitsAmongLetters(text: string): number {
  return text.match(/[A-Za-z]\d|\d[A-Za-z]/g)?.length ?? 0
}
