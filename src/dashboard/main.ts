/** `perfwright dashboard`: records of a folder, and runs as they go on. */
import { basename, dirname, join } from 'node:path'
import type { Clock } from '#base/clock.js'
import { nodeDisk } from '#record/index.js'
import { RunFollower } from './follow.js'
import { RecordShelf } from './records.js'
import { answering } from './routes.js'
import { type DashboardServer, startServer } from './server.js'
import { Starter } from './starter.js'

export interface DashboardSettings {
  /** A folder of records, one record, or a folder with `.perfwright/runs` in it. */
  readonly folder: string
  readonly address: string | undefined
  readonly allowRemote: boolean
  readonly allowStart: boolean
  readonly version: string
  readonly clock: Clock
}

/** @throws PW_DASHBOARD_LISTEN, PW_DASHBOARD_REMOTE */
export async function startDashboard(
  settings: DashboardSettings,
): Promise<DashboardServer & { readonly records: string }> {
  const { clock, version, folder } = settings
  const { root, record } = await recordsIn(folder)
  const starter = settings.allowStart ? new Starter(folder, root, clock) : undefined
  const follower = new RunFollower(clock, (id) => starter?.remote(id))
  const shelf = new RecordShelf(root, clock)
  const server = await startServer(
    { address: settings.address, allowRemote: settings.allowRemote, isMain: true },
    answering({ version, clock, run: undefined, shelf, follower, starter }),
  )
  return {
    ...server,
    url: record === undefined ? server.url : server.url.replace('/?', `/record?id=${encodeURIComponent(record)}&`),
    records: root,
    async close() {
      starter?.close()
      follower.close()
      await server.close()
    },
  }
}

async function recordsIn(folder: string): Promise<{ readonly root: string; readonly record: string | undefined }> {
  if ((await nodeDisk.stat(join(folder, 'run.json'))) !== undefined)
    return { root: dirname(folder), record: basename(folder) }
  const usual = join(folder, '.perfwright', 'runs')
  const holdsRecords = (await nodeDisk.folders(usual)).length > 0
  if (holdsRecords) return { root: usual, record: undefined }
  for (const name of (await nodeDisk.folders(folder)).slice(0, 200))
    if ((await nodeDisk.stat(join(folder, name, 'run.json'))) !== undefined) return { root: folder, record: undefined }
  return { root: usual, record: undefined }
}
