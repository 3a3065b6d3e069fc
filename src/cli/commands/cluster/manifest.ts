import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { ExitCode } from '#base/errors.js'
import { badUsage } from '#cluster/errors.js'
import { helmChart, jobManifest } from '#cluster/manifest.js'
import type { CommandIo } from '../../command.js'
import type { ClusterFlags } from './index.js'

export function manifest(flags: ClusterFlags, io: CommandIo): number {
  const options = { ...flags, url: flags.bus?.url ?? 'nats://nats:4222' }
  try {
    if (flags.form === 'helm') {
      if (flags.out === undefined) throw badUsage('a chart is a folder: -o DIR')
      for (const [path, text] of Object.entries(helmChart(options))) write(join(resolve(io.cwd, flags.out), path), text)
      io.stdout.write(`helm install agents ${flags.out}\n`)
    } else if (flags.out === undefined) io.stdout.write(jobManifest(options))
    else write(resolve(io.cwd, flags.out), jobManifest(options))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined || (error as { exitCode?: number }).exitCode !== undefined)
      throw error
    throw badUsage(`the manifest cannot be written: ${(error as Error).message}`, 'name another place with -o')
  }
  return ExitCode.ok
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}
