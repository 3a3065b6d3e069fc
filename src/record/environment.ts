import { arch, cpus, hostname, release, totalmem, type as osType } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { type Disk, nodeDisk } from './disk.js'
import { wholeFile } from './lines.js'
import type { RunEnvironment, RunHost } from './types.js'

/** This machine, as a host of a record. */
export function injectorHost(toolVersion: string): RunHost {
  const processors = cpus()
  return {
    name: hostname(),
    role: 'injector',
    cores: processors.length === 0 ? null : processors.length,
    cpuModel: processors[0]?.model.trim() ?? null,
    memoryBytes: totalmem(),
    os: `${osType()} ${release()}`,
    arch: arch(),
    runtimes: { node: process.version, perfwright: toolVersion },
  }
}

/**
 * The commit that a folder stands at, read from git's files: no program is started, none need be installed.
 * Undefined where there is no repository or no commit yet.
 */
export async function gitCommit(
  folder: string,
  disk: Disk = nodeDisk,
): Promise<NonNullable<RunEnvironment['git']> | undefined> {
  try {
    for (let at = resolve(folder); ; at = dirname(at)) {
      const gitDir = await findGitDir(join(at, '.git'), disk)
      if (gitDir !== undefined) return await headOf(gitDir, disk)
      if (at === dirname(at)) return undefined
    }
  } catch {
    // A repository that cannot be read is no reason to fail a run.
    return undefined
  }
}

async function findGitDir(path: string, disk: Disk): Promise<string | undefined> {
  const file = await textOf(path, disk)
  // In a work tree `.git` is a file that names the folder.
  const named = file === undefined ? undefined : /^gitdir: (.+)$/m.exec(file)?.[1]
  if (named !== undefined) return resolve(dirname(path), named.trim())
  return (await textOf(join(path, 'HEAD'), disk)) === undefined ? undefined : path
}

async function headOf(gitDir: string, disk: Disk): Promise<NonNullable<RunEnvironment['git']> | undefined> {
  const head = ((await textOf(join(gitDir, 'HEAD'), disk)) ?? '').trim()
  if (COMMIT.test(head)) return { commit: head, branch: null }
  const ref = /^ref: (refs\/[\w./@+-]+)$/.exec(head)?.[1]
  if (ref === undefined || ref.includes('..')) return undefined
  const common = await textOf(join(gitDir, 'commondir'), disk)
  for (const dir of common === undefined ? [gitDir] : [gitDir, resolve(gitDir, common.trim())]) {
    const loose = (await textOf(join(dir, ref), disk))?.trim()
    const packed = ((await textOf(join(dir, 'packed-refs'), disk)) ?? '')
      .split('\n')
      .find((line) => line.endsWith(` ${ref}`))
    const commit = loose ?? packed?.slice(0, -ref.length - 1)
    if (commit !== undefined && COMMIT.test(commit)) return { commit, branch: ref.replace(/^refs\/heads\//, '') }
  }
  return undefined
}

const COMMIT = /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/

async function textOf(path: string, disk: Disk): Promise<string | undefined> {
  if ((await disk.stat(path)) === undefined) return undefined
  return (await wholeFile(disk.read(path), 16 << 20))?.toString('utf8')
}
