/** From the lines of a bundle back to the person's own: reads the maps that lie beside the scripts on this machine. */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { originalPositionFor, TraceMap } from '@jridgewell/trace-mapping'
import { type Frame, type Profile, remap } from '../../model.js'

/** A script or map that is larger is left as it is. */
const maxBytes = 256 << 20

export class SourceMaps {
  readonly #maps = new Map<string, TraceMap | undefined>()

  /** @param thread  becomes a label unless it is `main` */
  async apply(profile: Profile, thread: string): Promise<Profile> {
    return remap(profile, (frame) => this.#frame(frame), thread === 'main' ? undefined : { thread })
  }

  #frame(frame: Frame): Frame {
    if (!frame.file.startsWith('file:') && !frame.file.startsWith('/')) return frame
    const file = frame.file.startsWith('file:') ? fileURLToPath(frame.file) : frame.file
    const map = this.#mapOf(file)
    if (map === undefined) return { ...frame, file }
    // V8 has columns for a function's start only; a bundle is often one line, so the line that ran is not told apart.
    const at = originalPositionFor(map, { line: Math.max(1, frame.startLine), column: frame.column })
    if (at.source === null) return { ...frame, file }
    const own = isOneLine(frame) ? at.line : (originalPositionFor(map, { line: frame.line, column: 0 }).line ?? at.line)
    return { ...frame, name: at.name ?? frame.name, file: at.source, line: own, startLine: at.line }
  }

  #mapOf(file: string): TraceMap | undefined {
    if (!this.#maps.has(file)) this.#maps.set(file, loadMap(file))
    return this.#maps.get(file)
  }
}

function isOneLine({ line, startLine }: Frame): boolean {
  return line === startLine
}

function loadMap(file: string): TraceMap | undefined {
  try {
    if (statSync(file).size > maxBytes) return undefined
    const code = readFileSync(file, 'utf8')
    const url = [...code.slice(-maxUrlBytes).matchAll(/^\/\/[#@] sourceMappingURL=(\S+)\s*$/gm)].at(-1)?.[1]
    if (url === undefined) return undefined
    const inline = /^data:application\/json[^,]*;base64,(.*)$/.exec(url)
    if (inline !== null) return new TraceMap(Buffer.from(inline[1] as string, 'base64').toString(), file)
    const path = resolve(dirname(file), decodeURIComponent(url))
    if (!existsSync(path) || statSync(path).size > maxBytes) return undefined
    return new TraceMap(readFileSync(path, 'utf8'), path)
  } catch {
    return undefined
  }
}

/** An inlined map stands in the last line, so the whole file may be it. */
const maxUrlBytes = maxBytes
