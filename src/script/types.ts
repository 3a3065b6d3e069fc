/**
 * What the script compiler hands to an engine. The engine never sees the person's source, only this.
 */
export interface ScriptSource {
  /** `file:///...` of the entry, or `file:///-` for standard input. */
  readonly url: string
  readonly contents: string
}

export interface CompiledScript {
  /**
   * Source of one expression: `(function ($pw) { ... })`, or `(async function ...)` when the script awaits at top level.
   * Called once per VU with a `ScriptHost`; answers the live exports object of the entry module. Strict when the entry
   * is an ES module. Positions map to the person's files through `originalPosition`.
   */
  readonly code: string
  readonly filename: string
  readonly topLevelAwait: boolean
  /** JSON source map from `code` to the person's files, also attached inline as data URL for the debugger. */
  readonly sourceMap: string
  /** Specifiers of k6 modules, as imported (`k6`, `k6/http`, ...). */
  readonly modules: readonly string[]
  /** Every local file and remote URL that was bundled, with its text: for the script's hash and for archives. */
  readonly sources: readonly { readonly url: string; readonly contents: string }[]
  readonly warnings: readonly string[]
  /** The script assigns to built-in prototypes or objects: every VU needs a global of its own (costs memory). */
  readonly needsOwnRealm: boolean
  /** Names of exported functions that were made async by us (`default`, `setup`, `teardown`, `handleSummary`, exec functions). */
  readonly asyncExports: readonly string[]
  /** Maps a 1-based line and column of `code` back. */
  originalPosition(line: number, column: number): OriginalPosition | undefined
}

export interface OriginalPosition {
  /** `file:///...` or the remote URL. */
  readonly url: string
  readonly line: number
  readonly column: number
  readonly name: string | undefined
}

/** What the compiled factory may ask of its engine; the single parameter `$pw`. One object per VU. */
export interface ScriptHost {
  /** Namespace object of a k6 module (`default` and named exports). Throws PW_SCRIPT_MODULE_UNKNOWN. */
  module(specifier: string): Record<string, unknown>
  /** `globalThis` as the script sees it; writes stay with this VU. */
  readonly global: Record<string, unknown>
  /** Called by loops that never await, every 2^14 turns; throws the interruption when the VU has been told to stop. */
  poll(): void
  /** True for the interruption: generated `catch` clauses pass it on, so that a script cannot swallow it. */
  isInterrupt(error: unknown): boolean
  /** Told of a value that is thrown and is no error, with an error made at that place: k6 shows a stack for these too. */
  thrown?(value: unknown, at: Error): void
  /** `import.meta.resolve` and the base of `open()`: the URL of the module that is asking. */
  resolve(specifier: string, fromUrl: string): string
  open(path: string, mode: string | undefined, fromUrl: string): unknown
}
