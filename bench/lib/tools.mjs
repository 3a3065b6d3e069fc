// Which programs this machine has.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cpus, homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')
export const perfwright = [process.execPath, join(root, 'bin', 'perfwright.js')]

/** Path of real k6, undefined when it is not installed. */
export const k6 =
  [process.env.PW_K6, join(homedir(), '.cache', 'perfwright', 'bin', 'k6')].find((path) => path && existsSync(path)) ??
  (has('k6', ['version']) ? 'k6' : undefined)

export function has(command, args) {
  return spawnSync(command, args, { stdio: 'ignore' }).error === undefined
}

/** Says on standard output what a table lacks, and why. */
export function leftOut(name) {
  process.stdout.write(`left out: ${name} is not installed\n`)
}

export function machine() {
  return {
    cpu: cpus()[0]?.model,
    cores: cpus().length,
    node: process.version,
    k6: k6 && spawnSync(k6, ['version'], { encoding: 'utf8' }).stdout.trim(),
  }
}
