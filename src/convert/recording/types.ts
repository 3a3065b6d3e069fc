/** Requests as a format's reader found them, with what was answered as far as the format knows. */

export interface Recording {
  readonly exchanges: readonly Exchange[]
  /** Titles of pages by the id that exchanges carry. */
  readonly pages: ReadonlyMap<string, string>
  /** What the reader left out or could not read. */
  readonly notes: readonly string[]
}

export interface Exchange {
  /** Place in the input, for messages. */
  readonly where: string
  readonly method: string
  /** Absolute. */
  readonly url: URL
  readonly headers: readonly Pair[]
  readonly body: RecordedBody | undefined
  readonly response: RecordedResponse | undefined
  /** Wall clock, milliseconds since 1970. */
  readonly startedMs: number | undefined
  readonly durationMs: number
  readonly page: string | undefined
  /** The browser's own word for what asked: document, xhr, fetch, script, image, websocket, preflight. */
  readonly resource: string | undefined
  /** The input asks that redirects are not followed (curl without -L). */
  readonly stopsAtRedirect: boolean
}

export interface Pair {
  readonly name: string
  readonly value: string
}

export interface RecordedBody {
  readonly mimeType: string
  readonly content:
    | { readonly kind: 'text'; readonly text: string }
    | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
    | { readonly kind: 'multipart'; readonly parts: readonly RecordedPart[] }
    /** A file beside the script; `text` cuts line ends out as curl's -d does. */
    | { readonly kind: 'file'; readonly path: string; readonly binary: boolean }
}

export interface RecordedPart {
  readonly name: string
  readonly value: string | undefined
  readonly filename: string | undefined
  readonly mimeType: string | undefined
  /** The part's content is this file. */
  readonly path?: string
}

export interface RecordedResponse {
  readonly status: number
  readonly headers: readonly Pair[]
  readonly mimeType: string
  /** Decoded text; undefined when it was not recorded or is no text. */
  readonly body: string | undefined
  readonly redirect: string | undefined
}

export function header(pairs: readonly Pair[], name: string): string | undefined {
  return pairs.find((pair) => pair.name.toLowerCase() === name)?.value
}
