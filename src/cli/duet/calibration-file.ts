/** The calibration of a project, and the machine that it holds for. */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Calibration, parseCalibration } from '#duet/index.js'
import { injectorHost } from '#record/index.js'
import { version } from '../version.js'
import { textOf, writeTo } from './plan-of.js'

export const calibrationFile: string = join('.perfwright', 'calibration.json')

export function thisMachine(): string {
  const { cores, cpuModel, memoryBytes, arch, runtimes } = injectorHost(version())
  const facts = [cores, cpuModel, Math.round((memoryBytes ?? 0) / 1e9), arch, runtimes['node']?.split('.')[0]]
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex').slice(0, 16)
}

/** Undefined when there is none, or one of another machine. */
export function readCalibration(cwd: string): Calibration | undefined {
  const path = join(cwd, calibrationFile)
  const found = existsSync(path) ? parseCalibration(textOf(path)) : undefined
  return found?.machine === thisMachine() ? found : undefined
}

export function writeCalibration(cwd: string, calibration: Calibration): string {
  const path = join(cwd, calibrationFile)
  writeTo(path, `${JSON.stringify(calibration, null, 2)}\n`)
  return path
}
