/** The file system as a parameter, so that a test can fail any operation of it. */
import { constants, createReadStream, createWriteStream, type Dirent } from 'node:fs'
import { lstat, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'

export interface Disk {
  /** Makes the folder and its parents; true when it was not there before. */
  mkdir(path: string): Promise<boolean>
  /** Writes the whole file and brings it to the medium. */
  writeFile(path: string, data: Uint8Array | string): Promise<void>
  rename(from: string, to: string): Promise<void>
  /** Compresses one file into another. */
  gzip(from: string, to: string): Promise<void>
  /** No error when it is not there. */
  remove(path: string): Promise<void>
  /** Opens for appending; makes the file. */
  append(path: string): Promise<AppendFile>
  /** Names of the regular files in a folder, sorted; empty when there is no such folder. */
  list(path: string): Promise<readonly string[]>
  /** Names of the folders in a folder, sorted; empty when there is no such folder. */
  folders(path: string): Promise<readonly string[]>
  /** Undefined when there is no regular file of this name. Links are not followed. */
  stat(path: string): Promise<FileFacts | undefined>
  /** The bytes of a regular file, piece by piece. Links are not followed: a record may come from a stranger. */
  read(path: string): AsyncIterable<Uint8Array>
}

export interface FileFacts {
  readonly bytes: number
  readonly modifiedUnixMs: number
}

export interface AppendFile {
  /** All of `data`, or an error; after an error a part of it may be in the file. */
  write(data: Uint8Array): Promise<void>
  close(): Promise<void>
}

export const nodeDisk: Disk = {
  mkdir: makeFolder,
  async writeFile(path, data) {
    const handle = await open(path, 'w')
    try {
      await handle.writeFile(data)
      await handle.sync()
    } finally {
      await handle.close()
    }
  },
  rename,
  async gzip(from, to) {
    await pipeline(createReadStream(from), createGzip({ level: 1 }), createWriteStream(to))
  },
  async remove(path) {
    await rm(path, { force: true })
  },
  async append(path) {
    const handle = await open(path, 'a')
    return {
      async write(data) {
        for (let at = 0; at < data.length; ) {
          const { bytesWritten } = await handle.write(data, at, data.length - at)
          at += bytesWritten
        }
      },
      close: () => handle.close(),
    }
  },
  list: (path) => names(path, (entry) => entry.isFile()),
  folders: (path) => names(path, (entry) => entry.isDirectory()),
  async stat(path) {
    try {
      const facts = await lstat(path)
      return facts.isFile() ? { bytes: facts.size, modifiedUnixMs: facts.mtimeMs } : undefined
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
      throw error
    }
  },
  async *read(path) {
    // Not blocking, because a pipe in the place of a file would hold the reader for ever.
    const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    try {
      if (!(await handle.stat()).isFile()) throw new Error(`${path} is not a regular file`)
      for (;;) {
        const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(PIECE), 0, PIECE)
        if (bytesRead === 0) return
        yield buffer.subarray(0, bytesRead)
      }
    } finally {
      await handle.close()
    }
  },
}

const PIECE = 1 << 18

/** Not Node's `recursive`: it never returns where the system answers ENOENT whatever its parents are (below /proc). */
async function makeFolder(path: string): Promise<boolean> {
  try {
    await mkdir(path)
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST' && (await stat(path)).isDirectory()) return false
    const parent = dirname(path)
    if (code !== 'ENOENT' || parent === path) throw error
    await makeFolder(parent)
    await mkdir(path)
    return true
  }
}

async function names(path: string, wanted: (entry: Dirent) => boolean): Promise<string[]> {
  try {
    const entries = await readdir(path, { withFileTypes: true })
    return entries.flatMap((entry) => (wanted(entry) ? [entry.name] : [])).sort()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
