/**
 * Module `k6/experimental/fs`. Files are read once for all VUs; what a script gets is a promise of its realm. Names and
 * texts of errors are k6's, verified on k6 2.2.
 */
import { dirname, resolve as resolvePath } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { types } from 'node:util'
import type { Realm, VuScope } from '../../types.js'
import { goValueError } from '../encoding/go-error.js'
import { goTypeName, realmObject } from '../encoding/go-values.js'
import { OpenFile, SeekMode } from './file.js'

export function createFsModule(vu: VuScope): Record<string, unknown> {
  const exports = {
    open: (path?: unknown) => open(vu, path),
    SeekMode: realmObject(vu.realm, SeekMode),
  }
  return { default: exports, ...exports }
}

/** The file behind a script's File object; undefined for anything else. */
export function openFileOf(value: unknown): OpenFile | undefined {
  return typeof value === 'object' && value !== null ? openFiles.get(value) : undefined
}

const openFiles = new WeakMap<object, OpenFile>()

function open(vu: VuScope, path: unknown): Promise<unknown> {
  if (vu.phase !== 'init') {
    return rejected(
      vu.realm,
      'ForbiddenError',
      'open() failed; reason: opening a file is allowed only in the Init context',
    )
  }
  if (path === undefined || path === null) {
    return rejected(vu.realm, 'TypeError', 'open() failed; reason: path cannot be null or undefined')
  }
  if (path === '') return rejected(vu.realm, 'TypeError', 'open() failed; reason: path cannot be empty')
  const entryUrl = vu.files.entryUrl ?? pathToFileURL('./').href
  const absolute = resolvePath(dirname(fileURLToPath(entryUrl)), String(path).replace(/^file:\/\//, ''))
  let bytes: Uint8Array
  try {
    bytes = vu.files.read(pathToFileURL(absolute).href, entryUrl)
  } catch (error) {
    return openFailure(vu.realm, absolute, error)
  }
  return settledLater(vu, () => fileObject(vu, new OpenFile(absolute, bytes)))
}

function openFailure(realm: Realm, path: string, error: unknown): Promise<unknown> {
  const { code, message } = error as { code?: unknown; message?: unknown }
  if (code === 'EISDIR' || /is a directory/i.test(String(message))) {
    return rejected(realm, 'InvalidResourceError', `cannot open "${path}": opening a directory is not supported`)
  }
  if (code === 'ENOENT' || code === 'ENOTDIR' || /no such file/i.test(String(message))) {
    return rejected(realm, 'NotFoundError', `no such file or directory "${path}"`)
  }
  return realm.Promise.reject(
    new realm.GoError(`open() failed, unable to verify if "${path}" exists; reason: ${message}`),
  )
}

function fileObject(vu: VuScope, file: OpenFile): object {
  const object = realmObject(vu.realm, {
    path: file.path,
    read: (into?: unknown) => read(vu, file, into),
    seek: (offset?: unknown, whence?: unknown) => seek(vu, file, offset, whence),
    stat: () => settledLater(vu, () => realmObject(vu.realm, file.stat())),
  })
  openFiles.set(object, file)
  return object
}

function read(vu: VuScope, file: OpenFile, into: unknown): Promise<unknown> {
  if (into === undefined || into === null) {
    return rejected(vu.realm, 'TypeError', 'read() failed; reason: into argument cannot be null or undefined')
  }
  if (!types.isUint8Array(into)) {
    return rejected(vu.realm, 'TypeError', 'read() failed; reason: into argument must be a Uint8Array')
  }
  // k6 fills the buffer behind the view, from its start, however small the view is.
  const count = file.read(new Uint8Array(into.buffer))
  return settledLater(vu, () => count ?? null)
}

function seek(vu: VuScope, file: OpenFile, offset: unknown, whence: unknown): Promise<unknown> {
  for (const [name, value] of [
    ['offset', offset],
    ['whence', whence],
  ] as const) {
    const problem =
      value === undefined || value === null
        ? 'cannot be null or undefined'
        : goTypeName(value) === 'int64'
          ? undefined
          : 'must be a number'
    if (problem !== undefined) {
      return rejected(vu.realm, 'TypeError', `seek() failed; reason: the ${name} argument ${problem}`)
    }
  }
  const mode = Number(whence)
  if (mode !== SeekMode.Start && mode !== SeekMode.Current && mode !== SeekMode.End) {
    return rejected(vu.realm, 'TypeError', 'seek() failed; reason: the whence argument must be a SeekMode')
  }
  const position = file.seek(Number(offset), mode)
  return typeof position === 'string' ? rejected(vu.realm, 'TypeError', position) : settledLater(vu, () => position)
}

function rejected(realm: Realm, name: string, message: string): Promise<never> {
  return realm.Promise.reject(goValueError(realm, `${name}: ${message}`, { name, message }))
}

/** A promise that is kept on the VU's loop, where k6 keeps it, so that the iteration waits for it. */
function settledLater<T>(vu: VuScope, make: () => T): Promise<T> {
  const queue = vu.loop.register()
  return new vu.realm.Promise<T>((resolve) => queue(() => resolve(make())))
}
