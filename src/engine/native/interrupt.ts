/**
 * What ends an iteration from outside: gracefulStop over, Ctrl-C, `exec.test.abort()`. It travels through the script as
 * a thrown value that is no Error; generated `catch` clauses pass it on, because in k6 the interruption stops the
 * script's machine and cannot be caught either.
 */
export class Interruption {
  readonly reason: string
  /** The script itself asked for it (`exec.test.abort()`). */
  readonly byScript: boolean

  constructor(reason: string, byScript = false) {
    this.reason = reason
    this.byScript = byScript
  }
}

export function isInterruption(value: unknown): value is Interruption {
  return value instanceof Interruption
}
