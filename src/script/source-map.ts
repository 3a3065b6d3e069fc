/** Source maps of version 3: written from the transform's pieces, composed with the bundler's where there is one. */
import type { Piece } from './emit.js'

export interface RawSourceMap {
  readonly version: 3
  readonly file?: string
  readonly sources: readonly string[]
  readonly sourcesContent: readonly string[]
  readonly names: readonly string[]
  readonly mappings: string
}

/** Where an offset of the transform's input came from; `line` and `column` from 0. */
export interface InputPlace {
  readonly source: number
  readonly line: number
  readonly column: number
}

/** The places of the transform's input: either one file, or what a bundler's map says of it. */
export interface InputMap {
  readonly sources: readonly string[]
  readonly sourcesContent: readonly string[]
  /** Offsets in the input, ascending, where a new mapping begins; undefined = every word of the input. */
  readonly offsets: readonly number[] | undefined
  place(offset: number): InputPlace | undefined
}

export function buildSourceMap(
  code: string,
  pieces: readonly Piece[],
  input: InputMap,
  inputText: string,
  file: string,
): RawSourceMap {
  const lines: string[] = []
  let current: string[] = []
  let lastColumn = 0
  let lastSource = 0
  let lastLine = 0
  let lastSourceColumn = 0
  let lineStart = 0
  let nextBreak = code.indexOf('\n')
  const mark = (at: number, from: number): void => {
    while (nextBreak !== -1 && nextBreak < at) {
      lines.push(current.join(','))
      current = []
      lastColumn = 0
      lineStart = nextBreak + 1
      nextBreak = code.indexOf('\n', lineStart)
    }
    const place = input.place(from)
    if (place === undefined) return
    const column = at - lineStart
    current.push(
      vlq(column - lastColumn) +
        vlq(place.source - lastSource) +
        vlq(place.line - lastLine) +
        vlq(place.column - lastSourceColumn),
    )
    lastColumn = column
    lastSource = place.source
    lastLine = place.line
    lastSourceColumn = place.column
  }
  const word = /[\w$]+|[^\w$\s]/g
  let cursor = 0
  for (const piece of pieces) {
    if (piece.length === 0 || input.offsets !== undefined) mark(piece.at, piece.from)
    if (piece.length === 0) continue
    const end = piece.from + piece.length
    if (input.offsets !== undefined) {
      const offsets = input.offsets
      if (cursor > 0 && (offsets[cursor - 1] as number) > piece.from) cursor = lowerBound(offsets, piece.from)
      while (cursor < offsets.length && (offsets[cursor] as number) <= piece.from) cursor++
      for (; cursor < offsets.length && (offsets[cursor] as number) < end; cursor++) {
        mark(piece.at + (offsets[cursor] as number) - piece.from, offsets[cursor] as number)
      }
    } else {
      word.lastIndex = piece.from
      for (let match = word.exec(inputText); match !== null && match.index < end; match = word.exec(inputText)) {
        mark(piece.at + match.index - piece.from, match.index)
      }
    }
  }
  lines.push(current.join(','))
  return {
    version: 3,
    file,
    sources: input.sources,
    sourcesContent: input.sourcesContent,
    names: [],
    mappings: lines.join(';'),
  }
}

/** Starts of lines, for turning offsets into lines and columns. */
export class LineTable {
  readonly #starts: number[] = [0]

  constructor(text: string) {
    for (let i = text.indexOf('\n'); i !== -1; i = text.indexOf('\n', i + 1)) this.#starts.push(i + 1)
  }

  /** Both from 0. */
  place(offset: number): { line: number; column: number } {
    const line = lowerBound(this.#starts, offset + 1) - 1
    return { line, column: offset - (this.#starts[line] as number) }
  }

  offset(line: number, column: number): number {
    return (this.#starts[line] ?? 0) + column
  }
}

/** The input is one file, as it stands. */
export function singleFileInput(url: string, text: string): InputMap {
  const table = new LineTable(text)
  return {
    sources: [url],
    sourcesContent: [text],
    offsets: undefined,
    place: (offset) => ({ source: 0, ...table.place(offset) }),
  }
}

/** First index whose value is not below `value`. */
export function lowerBound(values: readonly number[], value: number): number {
  let low = 0
  let high = values.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((values[middle] as number) < value) low = middle + 1
    else high = middle
  }
  return low
}

/** The input is a bundle with a map of its own. */
export function bundledInput(text: string, mapJson: string): InputMap {
  const map = JSON.parse(mapJson) as RawSourceMap
  const table = new LineTable(text)
  const offsets: number[] = []
  const places: (InputPlace | undefined)[] = []
  let source = 0
  let line = 0
  let column = 0
  const cursor = { at: 0 }
  const text64 = map.mappings
  let generatedLine = 0
  let generatedColumn = 0
  while (cursor.at < text64.length) {
    const c = text64.charCodeAt(cursor.at)
    if (c === 59) {
      generatedLine++
      generatedColumn = 0
      cursor.at++
      continue
    }
    if (c === 44) {
      cursor.at++
      continue
    }
    generatedColumn += readVlq(text64, cursor)
    offsets.push(table.offset(generatedLine, generatedColumn))
    const next = text64.charCodeAt(cursor.at)
    if (cursor.at < text64.length && next !== 59 && next !== 44) {
      source += readVlq(text64, cursor)
      line += readVlq(text64, cursor)
      column += readVlq(text64, cursor)
      const name = text64.charCodeAt(cursor.at)
      if (cursor.at < text64.length && name !== 59 && name !== 44) readVlq(text64, cursor)
      places.push({ source, line, column })
    } else places.push(undefined)
  }
  return {
    sources: map.sources,
    sourcesContent: map.sourcesContent,
    offsets,
    place: (offset) => {
      const index = lowerBound(offsets, offset + 1) - 1
      const place = places[index]
      if (place === undefined) return undefined
      const start = offsets[index] as number
      // Within one mapping the bundler copied the text, as long as no line ends in between.
      const more = offset - start
      return more === 0 || text.slice(start, offset).includes('\n') ? place : { ...place, column: place.column + more }
    },
  }
}

const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const valueOf = new Uint8Array(128)
for (let i = 0; i < 64; i++) valueOf[digits.charCodeAt(i)] = i

function vlq(value: number): string {
  let rest = value < 0 ? (-value << 1) | 1 : value << 1
  let out = ''
  do {
    const digit = rest & 31
    rest >>>= 5
    out += digits[rest > 0 ? digit | 32 : digit] as string
  } while (rest > 0)
  return out
}

function readVlq(text: string, cursor: { at: number }): number {
  let value = 0
  let shift = 0
  for (;;) {
    const digit = valueOf[text.charCodeAt(cursor.at++)] as number
    value |= (digit & 31) << shift
    if ((digit & 32) === 0) break
    shift += 5
  }
  return value & 1 ? -(value >> 1) : value >> 1
}
