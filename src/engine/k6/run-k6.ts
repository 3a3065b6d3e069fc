/**
 * `--engine k6`: the same command line on the real k6, for scripts that need its extensions or for a second opinion.
 * k6 owns the terminal, the signals and the exit code.
 */
import { spawn } from 'node:child_process'
import { ExitCode, PerfwrightError } from '#base/errors.js'

/**
 * @param argv  after `run`, perfwright's own flags already taken out
 * @returns k6's exit code
 * @throws PW_ENGINE_K6_MISSING when there is no k6
 */
export function runK6(
  argv: readonly string[],
  options: { readonly cwd: string; readonly env: Readonly<Record<string, string | undefined>> },
): Promise<number> {
  const k6 = options.env['PW_K6'] ?? 'k6'
  return new Promise((resolve, reject) => {
    const child = spawn(k6, ['run', ...argv], { cwd: options.cwd, env: { ...options.env }, stdio: 'inherit' })
    // The terminal sends Ctrl-C to both; k6 ends by itself, and its code is the answer.
    const wait = (): void => {}
    process.on('SIGINT', wait)
    child.on('error', (error) => {
      process.off('SIGINT', wait)
      reject(
        new PerfwrightError({
          code: 'PW_ENGINE_K6_MISSING',
          message: `k6 cannot be started: ${error.message}`,
          where: k6,
          fix: 'go install go.k6.io/k6@latest, or name the binary in PW_K6',
          exitCode: ExitCode.targetUnusable,
          cause: error,
        }),
      )
    })
    child.on('close', (code) => {
      process.off('SIGINT', wait)
      resolve(code ?? ExitCode.interrupted)
    })
  })
}
