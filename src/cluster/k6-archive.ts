/** `k6 archive`: a script with all that it opens, in the form in which every k6 runs it. */
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ExitCode, PerfwrightError } from '#base/errors.js'

export function archiveOf(
  script: string,
  io: { readonly cwd: string; readonly env: Readonly<Record<string, string | undefined>> },
  env: Readonly<Record<string, string>>,
): () => Promise<Uint8Array> {
  return async () => {
    const k6 = io.env['PW_K6'] ?? 'k6'
    const dir = mkdtempSync(join(tmpdir(), 'perfwright-archive-'))
    const file = join(dir, 'script.tar')
    const variables = Object.entries(env).flatMap(([name, value]) => ['-e', `${name}=${value}`])
    try {
      await new Promise<void>((resolve, reject) => {
        execFile(k6, ['archive', '-O', file, ...variables, script], { cwd: io.cwd }, (error, _out, errors) => {
          if (error === null) resolve()
          else reject(new Error(String(errors).trim().slice(0, 2000) || error.message))
        })
      })
      return readFileSync(file)
    } catch (error) {
      throw new PerfwrightError({
        code: 'PW_CLUSTER_ARCHIVE',
        message: `k6 could not pack the script: ${(error as Error).message}`,
        where: k6,
        fix: 'k6 must be here too, to pack the script for the agents: PATH or PW_K6',
        exitCode: ExitCode.targetUnusable,
        cause: error,
      })
    } finally {
      rmSync(dir, { recursive: true, force: true })
    }
  }
}
