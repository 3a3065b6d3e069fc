/** The processes that a run is about, as they become known: the observer adds them, the profiler waits for them. */
export interface RunTarget {
  readonly pid: number
  readonly runtime: 'node' | 'python' | 'go' | 'other'
  readonly command: string
  /** `--target-pid`, `--target-cmd`, or how it was found: `listens on 127.0.0.1:3000`. */
  readonly how: string
}

export class RunTargets {
  readonly #found = new Map<number, RunTarget>()
  readonly #listeners: ((target: RunTarget) => void)[] = []

  /** `address:port` that targets were seen to have connections to. */
  readonly peers: Set<string> = new Set<string>()

  get all(): readonly RunTarget[] {
    return [...this.#found.values()]
  }

  /** A pid that is known already is passed over. */
  add(target: RunTarget): void {
    if (this.#found.has(target.pid)) return
    this.#found.set(target.pid, target)
    for (const listener of this.#listeners) listener(target)
  }

  /** Calls at once for those that are known, later for each new one. */
  each(listener: (target: RunTarget) => void): void {
    this.#listeners.push(listener)
    for (const target of this.all) listener(target)
  }
}
