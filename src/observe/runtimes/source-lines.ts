/** Lines of the target's own source, where this machine has it: a lock taken by `with` shows in no frame of its own. */
import { readFileSync, statSync } from 'node:fs'
import { isAbsolute } from 'node:path'

const maxFileBytes = 2 << 20
const maxLines = 500

export class SourceLines {
  readonly #pid: number
  readonly #known = new Map<string, string>()

  constructor(pid: number) {
    this.#pid = pid
  }

  /** For what the line waits: `lock`, `pool`, `sleep`, `io`, or `other`. */
  waitAt(file: string, line: number): string {
    const key = `${file}:${line}`
    let kind = this.#known.get(key)
    if (kind === undefined) {
      kind = kindOf(this.#line(file, line))
      if (this.#known.size < maxLines) this.#known.set(key, kind)
    }
    return kind
  }

  #line(file: string, line: number): string {
    // The process may see another file system, or have its own working folder.
    const path = `/proc/${this.#pid}/${isAbsolute(file) ? 'root' : 'cwd/'}${file}`
    try {
      if (statSync(path).size > maxFileBytes) return ''
      return readFileSync(path, 'utf8').split('\n', line)[line - 1] ?? ''
    } catch {
      return ''
    }
  }
}

function kindOf(line: string): string {
  if (/\.(acquire|wait|join)\(|^\s*(async\s+)?with\s+[\w.[\]]+\s*:/.test(line)) return 'lock'
  if (/\bget_?conn(ection)?\(|pool\w*\.(get|acquire|connect)\(/i.test(line)) return 'pool'
  if (/\bsleep\(/.test(line)) return 'sleep'
  return /\b(recv|read|send|connect|urlopen|request|execute|fetch\w*|commit|query)\b\w*\(/.test(line) ? 'io' : 'other'
}
