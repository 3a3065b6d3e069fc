/**
 * A script as data, between the readers of the formats and the writer of TypeScript. What came from outside stands in it
 * as plain text only; code stands in `Code`, which nothing but the functions of `literal.ts` and this folder makes.
 */

/** An expression of the script, made from escaped literals and own identifiers. */
export class Code {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

/** Text of which parts are known only while the script runs. */
export type Text = readonly (string | Code)[]

export interface Script {
  /** Lines of the comment at the head; any text. */
  readonly heading: readonly string[]
  readonly variables: readonly Variable[]
  /** Names in `__ENV` that must be given; the script refuses to start without them. */
  readonly secrets: readonly Secret[]
  /** Files that the script opens in its init code. */
  readonly files: readonly ScriptFile[]
  readonly options: PlainObject
  /** Headers that every request has. */
  readonly headers: readonly Header[]
  readonly journeys: readonly Journey[]
  /** Some `Code` uses k6/encoding. */
  readonly needsEncoding: boolean
}

/** `const NAME = __ENV.NAME || 'fallback'` */
export interface Variable {
  readonly name: string
  readonly fallback: string
  readonly comment?: string
}

export interface Secret {
  readonly name: string
  readonly what: string
}

export interface ScriptFile {
  readonly name: string
  readonly path: string
  readonly binary: boolean
}

/** One way through the target; several are drawn by their weights, or by a scenario each. */
export interface Journey {
  readonly name: string
  /** An identifier; used when there are several journeys. */
  readonly functionName: string
  readonly weight: number
  readonly steps: readonly Step[]
}

export type Step = Group | RequestStep | Sleep | Note

export interface Group {
  readonly kind: 'group'
  readonly name: string
  readonly steps: readonly Step[]
}

export interface Sleep {
  readonly kind: 'sleep'
  readonly seconds: number
}

/** Comment lines; any text. */
export interface Note {
  readonly kind: 'note'
  readonly lines: readonly string[]
}

export interface RequestStep {
  readonly kind: 'request'
  /** A token of HTTP, upper case. */
  readonly method: string
  readonly url: Address
  readonly headers: readonly Header[]
  /** Cookies that no answer of the recording set; the others are the jar's. */
  readonly cookies: readonly Header[]
  readonly body: Body | undefined
  /** `tags.name`, when the URL itself has too many values for one series. */
  readonly name: string | undefined
  /** Statuses that the recording saw and k6 would count as failed. */
  readonly expected: readonly number[]
  readonly checks: readonly Check[]
  readonly extracts: readonly Extract[]
  readonly followRedirects: boolean
  readonly compression: 'gzip' | undefined
}

export interface Address {
  /** Scheme and host: a variable, or text. */
  readonly base: Text
  /** Path as it is sent, percent-encoded, with its leading slash. */
  readonly path: Text
  /** Pairs as they are sent; `value` undefined without `=`. */
  readonly query: readonly QueryPair[]
}

export interface QueryPair {
  readonly name: Text
  readonly value: Text | undefined
}

export interface Header {
  readonly name: string
  readonly value: Text
}

export type Body =
  | { readonly kind: 'text'; readonly text: Text }
  | { readonly kind: 'json'; readonly json: JsonTree }
  | { readonly kind: 'form'; readonly fields: readonly { readonly name: string; readonly value: Text }[] }
  | { readonly kind: 'multipart'; readonly parts: readonly Part[] }
  | { readonly kind: 'bytes'; readonly base64: string }
  | { readonly kind: 'file'; readonly code: Code }

export type Part =
  | { readonly name: string; readonly value: Text }
  | { readonly name: string; readonly content: Text | Code; readonly filename: string; readonly mimeType: string }

export type JsonTree =
  | { readonly kind: 'plain'; readonly value: number | boolean | null }
  | { readonly kind: 'text'; readonly text: Text }
  /** A number that is known only while the script runs. */
  | { readonly kind: 'number'; readonly code: Code }
  | { readonly kind: 'list'; readonly items: readonly JsonTree[] }
  | { readonly kind: 'object'; readonly entries: readonly (readonly [string, JsonTree])[] }

export type Check =
  | { readonly kind: 'status'; readonly anyOf: readonly number[]; readonly name?: string }
  | { readonly kind: 'statusBelow'; readonly below: number; readonly name?: string }
  | { readonly kind: 'duration'; readonly belowMs: number; readonly name?: string }
  | { readonly kind: 'bodyHolds'; readonly text: string; readonly name?: string }
  | { readonly kind: 'header'; readonly header: string; readonly name?: string }

/** `variable = source` after the answer. */
export interface Extract {
  readonly variable: string
  readonly from: ExtractFrom
}

export type ExtractFrom =
  | { readonly kind: 'json'; readonly path: readonly (string | number)[] }
  | { readonly kind: 'html'; readonly selector: string; readonly attribute: string }
  | { readonly kind: 'header'; readonly name: string; readonly lastSegment: boolean }
  | { readonly kind: 'cookie'; readonly name: string; readonly decode: boolean }
  | { readonly kind: 'between'; readonly before: string; readonly after: string }

export type Plain = string | number | boolean | null | readonly Plain[] | PlainObject
export interface PlainObject {
  readonly [key: string]: Plain
}

/** Text without code, when it has none. */
export function plainText(text: Text): string | undefined {
  return text.every((part) => typeof part === 'string') ? text.join('') : undefined
}

/** Neighbouring strings as one, empty ones gone. */
export function joinText(text: Text): Text {
  const parts: (string | Code)[] = []
  for (const part of text) {
    const last = parts.at(-1)
    if (part === '') continue
    if (typeof part === 'string' && typeof last === 'string') parts[parts.length - 1] = last + part
    else parts.push(part)
  }
  return parts
}
