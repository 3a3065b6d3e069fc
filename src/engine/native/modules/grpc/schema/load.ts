/** Finds the files that `client.load` and `client.loadProtoset` name, and keeps what they hold for all VUs of a worker. */
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { VuScope } from '../../../types.js'
import { schemaOfDescriptorSet } from './from-descriptors.js'
import { schemaOfProtos } from './from-proto.js'
import { type Schema, SchemaError } from './types.js'

/** @throws Error in k6's words */
export function loadProtos(vu: VuScope, importPaths: readonly string[], files: readonly string[]): Schema {
  const base = baseFolder(vu)
  const folders = (importPaths.length === 0 ? ['.'] : importPaths).map((path) => resolve(base, withoutScheme(path)))
  const key = `k6/net/grpc proto ${JSON.stringify([folders, files])}`
  return vu.shared(key, () => {
    const read = (name: string): string | undefined => {
      for (const folder of folders) {
        const bytes = readFile(vu, join(folder, name))
        if (bytes !== undefined) return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
      }
      return undefined
    }
    return schemaOfProtos(files, read, (name) => missing(join(folders[folders.length - 1]!, name)))
  })
}

/** @throws Error in k6's words */
export function loadProtoset(vu: VuScope, path: string): Schema {
  const absolute = resolve(baseFolder(vu), withoutScheme(path))
  return vu.shared(`k6/net/grpc protoset ${absolute}`, () => {
    const bytes = readFile(vu, absolute)
    if (bytes === undefined) throw new Error(`couldn't open protoset: ${missing(absolute)}`)
    try {
      return schemaOfDescriptorSet(bytes)
    } catch (error) {
      if (!(error instanceof SchemaError)) throw error
      const isBytes = error.message.startsWith('proto: ')
      throw new Error(isBytes ? `couldn't unmarshal protoset file ${path}: ${error.message}` : error.message, {
        cause: error,
      })
    }
  })
}

/** k6 looks for files from the folder of the entry script, whichever module asks. */
function baseFolder(vu: VuScope): string {
  return dirname(fileURLToPath(vu.files.entryUrl ?? pathToFileURL('./script.js').href))
}

function withoutScheme(path: string): string {
  return path.replace(/^file:\/\//, '')
}

function missing(path: string): string {
  return `stat ${path}: no such file or directory`
}

function readFile(vu: VuScope, path: string): Uint8Array | undefined {
  const url = pathToFileURL(path).href
  try {
    return vu.files.read(url, url)
  } catch {
    return undefined
  }
}
