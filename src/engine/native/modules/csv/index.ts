/** Module `k6/experimental/csv`. Behaviour and texts of errors are k6's, verified on k6 2.2. */
import type { Realm, VuScope } from '../../types.js'
import { sharedArrayOf, sharedRows, SharedRows } from '../data/index.js'
import { goValueError } from '../encoding/go-error.js'
import { goIntArgument, goText, goTypeName, realmArray, realmObject } from '../encoding/go-values.js'
import type { OpenFile } from '../fs/file.js'
import { openFileOf } from '../fs/index.js'
import { CsvError, CsvRecords } from './reader.js'

export function createCsvModule(vu: VuScope): Record<string, unknown> {
  const exports = {
    parse: (...args: unknown[]) => parse(vu, args),
    // Also without `new`, as in k6.
    Parser: function Parser(...args: unknown[]): object {
      return createParser(vu, args)
    },
  }
  return { default: exports, ...exports }
}

interface CsvOptions {
  delimiter: string
  skipFirstLine: boolean
  fromLine: number | undefined
  toLine: number | undefined
  asObjects: boolean
}

function parse(vu: VuScope, args: readonly unknown[]): Promise<unknown> {
  const realm = vu.realm
  const file = fileArgument(realm, args[0])
  const options =
    args.length < 2
      ? readOptions({})
      : orThrow(realm, 'failed to interpret the provided Parser options', () => readOptions(objectOf(realm, args[1])))
  const reader = orThrow(realm, 'failed to create a new parser', () => new RowReader(file, options))
  // k6 keys the rows by path and options: a second parse of the same file answers the first one's rows.
  const name = `csv.parse.${JSON.stringify([file?.path, options])}`
  const queue = vu.loop.register()
  return new realm.Promise((resolve, reject) => {
    let settle: () => void
    try {
      const all = sharedRows(vu)
      let rows = all.get(name)
      if (rows === undefined) {
        rows = SharedRows.fromTexts(reader.allTexts())
        all.set(name, rows)
      }
      const array = sharedArrayOf(realm, rows)
      settle = () => resolve(array)
    } catch (error) {
      settle = () => reject(new realm.GoError(`failed to read record; reason: ${(error as Error).message}`))
    }
    queue(settle)
  })
}

function createParser(vu: VuScope, args: readonly unknown[]): object {
  const realm = vu.realm
  if (vu.phase !== 'init') throw new realm.GoError('csv Parser constructor must be called in the init context')
  if (args[0] === undefined || args[0] === null) {
    throw new realm.GoError('csv Parser constructor takes at least one non-nil source argument')
  }
  const file = fileArgument(realm, args[0])
  const options =
    args.length !== 2 || args[1] === undefined
      ? readOptions({})
      : orThrow(realm, 'encountered an error while interpreting Parser options', () =>
          readOptions(objectOf(realm, args[1])),
        )
  const reader = orThrow(realm, 'failed to create a new parser', () => new RowReader(file, options))
  return realmObject(realm, {
    next: () => {
      const queue = vu.loop.register()
      return new realm.Promise((resolve, reject) => {
        let settle: () => void
        try {
          const row = reader.next()
          const value = row === undefined || Array.isArray(row) ? realmArray(realm, row ?? []) : realmObject(realm, row)
          settle = () => resolve(realmObject(realm, { done: row === undefined, value }))
        } catch (error) {
          settle = () => reject(recordError(realm, error as Error))
        }
        queue(settle)
      })
    },
  })
}

/** Rows of one file as the options ask for them. Line numbers count records from 0. */
class RowReader {
  readonly #records: CsvRecords
  readonly #header: readonly string[] | undefined
  readonly #toLine: number
  #line = 0

  constructor(file: OpenFile | undefined, options: CsvOptions) {
    if (file === undefined) throw new Error('the reader cannot be nil')
    validate(options)
    this.#toLine = options.toLine ?? 0
    this.#records = new CsvRecords(goText(file.rest()), options.delimiter)
    if (options.asObjects) this.#header = this.#skip('failed to read the first line')
    const fromLine = options.fromLine ?? 0
    if (options.skipFirstLine && fromLine === 0) this.#skip('failed to skip the first line')
    while (this.#line < fromLine) this.#skip(`failed to skip lines until line ${fromLine}`)
  }

  next(): string[] | Record<string, string> | undefined {
    if (this.#toLine > 0 && this.#line > this.#toLine) return undefined
    const record = this.#records.next()
    if (record === undefined) return undefined
    this.#line++
    return this.#header === undefined ? record : byColumn(this.#header, record)
  }

  /** Every row as JSON. */
  allTexts(): string[] {
    const texts: string[] = []
    for (let row = this.next(); row !== undefined; row = this.next()) texts.push(JSON.stringify(row))
    return texts
  }

  #skip(failure: string): string[] {
    let record: string[] | undefined
    try {
      record = this.#records.next()
    } catch (error) {
      throw new Error(`${failure}; reason: ${(error as Error).message}`, { cause: error })
    }
    if (record === undefined) throw new Error(`${failure}; reason: EOF`)
    this.#line++
    return record
  }
}

// k6 writes the object through a Go map, whose JSON has its keys sorted; of columns with one name the last counts.
function byColumn(header: readonly string[], record: readonly string[]): Record<string, string> {
  const columns = header.map((name, i) => [name, record[i] as string] as const)
  columns.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  return Object.fromEntries(columns)
}

function readOptions(object: object): CsvOptions {
  const given = object as Record<string, unknown>
  const delimiter = 'delimiter' in given ? String(given['delimiter']) : ','
  // k6 counts bytes; an empty one makes it panic.
  if (Buffer.byteLength(delimiter) !== 1) throw new Error('delimiter must be a single character')
  const fromLine = 'fromLine' in given ? goIntArgument(given['fromLine']) : undefined
  const toLine = 'toLine' in given ? goIntArgument(given['toLine']) : undefined
  if (fromLine !== undefined && toLine !== undefined && fromLine >= toLine) {
    throw new Error('fromLine must be less than or equal to toLine')
  }
  return {
    delimiter,
    skipFirstLine: Boolean(given['skipFirstLine']),
    fromLine,
    toLine,
    asObjects: Boolean(given['asObjects']),
  }
}

function validate({ asObjects, skipFirstLine, fromLine = 0, toLine = 0 }: CsvOptions): void {
  if (asObjects && skipFirstLine) {
    throw new Error("the 'header' option cannot be enabled when 'skipFirstLine' is true")
  }
  if (asObjects && fromLine > 0) {
    throw new Error("the 'header' option cannot be enabled when 'fromLine' is set to a value greater than 0")
  }
  if (fromLine < 0) throw new Error(`the 'fromLine' option must be greater than or equal to 0; got ${fromLine}`)
  if (toLine < 0) throw new Error(`the 'toLine' option must be greater than or equal to 0; got ${toLine}`)
}

function fileArgument(realm: Realm, value: unknown): OpenFile | undefined {
  const names: Readonly<Record<string, string>> = {
    bool: 'sobek.valueBool',
    int64: 'sobek.valueInt',
    float64: 'sobek.valueFloat',
  }
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
    const name =
      typeof value === 'string'
        ? /^[\0-\x7f]*$/.test(value)
          ? 'sobek.asciiString'
          : 'sobek.unicodeString'
        : names[goTypeName(value)]
    throw new realm.GoError(`first argument expected to be a fs.File instance, got ${name} instead`)
  }
  return openFileOf(value)
}

function objectOf(realm: Realm, value: unknown): object {
  if (value === undefined || value === null) throw new realm.TypeError('Cannot convert undefined or null to object')
  return Object(value) as object
}

/** Runs `make`; its plain errors become the script's GoError, an error of the realm goes through. */
function orThrow<T>(realm: Realm, what: string, make: () => T): T {
  try {
    return make()
  } catch (error) {
    if (error instanceof realm.Error) throw error
    throw new realm.GoError(`${what}; reason: ${(error as Error).message}`)
  }
}

function recordError(realm: Realm, error: Error): object {
  const fields =
    error instanceof CsvError
      ? { start_line: error.startLine, line: error.line, column: error.column, err: realmObject(realm, {}) }
      : {}
  return goValueError(realm, error.message, fields)
}
