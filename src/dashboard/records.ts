/** The records of a folder: their list, and the way from a name that a page sends to a folder that is one of them. */
import { join } from 'node:path'
import type { Clock } from '#base/clock.js'
import { nodeDisk, readFindings, type RunFile } from '#record/index.js'
import { checkRunFile, readJson, stateOf } from '#record/run-file.js'
import { noFindings } from '#record/series-reader.js'
import { Refusal } from './errors.js'
import type { RecordRow } from './wire.js'

/** Newest first; more than these a list does not show. */
const MAX_RECORDS = 1000
const MAX_PROFILES = 200
const PROFILE = /\.(?:pb\.gz|pprof|pb|cpuprofile|heapprofile|collapsed|folded)$/

export class RecordShelf {
  readonly root: string
  readonly #clock: Clock
  /** By name, as long as run.json and findings.json stay as they were. */
  readonly #known = new Map<string, { readonly stamp: string; readonly row: RecordRow }>()

  constructor(root: string, clock: Clock) {
    this.root = root
    this.#clock = clock
  }

  async list(): Promise<RecordRow[]> {
    // Names begin with the time.
    const names = [...(await nodeDisk.folders(this.root))].sort().reverse()
    const rows: RecordRow[] = []
    for (const name of names) {
      if (rows.length >= MAX_RECORDS) break
      const row = await this.#row(name)
      if (row !== undefined) rows.push(row)
    }
    return rows.sort((a, b) => b.startedUnixMs - a.startedUnixMs)
  }

  /** @throws Refusal when there is none of this name */
  async row(id: string): Promise<RecordRow> {
    await this.dirOf(id)
    const row = await this.#row(id)
    if (row === undefined) throw new Refusal(404, 'there is no record of this name')
    return row
  }

  /** Only what stands in the folder's own list is a record's name, so that no name can lead out of it. @throws Refusal */
  async dirOf(id: string): Promise<string> {
    const names = await nodeDisk.folders(this.root)
    if (!names.includes(id)) throw new Refusal(404, 'there is no record of this name')
    return join(this.root, id)
  }

  /** Profiles of a record, as paths below `profiles/`. */
  async profiles(id: string): Promise<string[]> {
    const found: string[] = []
    const walk = async (below: string, depth: number): Promise<void> => {
      const folder = join(this.root, id, 'profiles', below)
      for (const name of await nodeDisk.list(folder))
        if (PROFILE.test(name) && found.length < MAX_PROFILES) found.push(below === '' ? name : `${below}/${name}`)
      if (depth > 0)
        for (const name of await nodeDisk.folders(folder))
          await walk(below === '' ? name : `${below}/${name}`, depth - 1)
    }
    await walk('', 2)
    return found
  }

  async #row(id: string): Promise<RecordRow | undefined> {
    const dir = join(this.root, id)
    const facts = await nodeDisk.stat(join(dir, 'run.json'))
    if (facts === undefined) return undefined
    const findings = await nodeDisk.stat(join(dir, 'findings.json'))
    const stamp = `${facts.modifiedUnixMs} ${facts.bytes} ${findings?.modifiedUnixMs}`
    const known = this.#known.get(id)
    if (known?.stamp === stamp && known.row.state !== 'running') return known.row
    const row = await this.#read(id, dir)
    this.#known.set(id, { stamp, row })
    return row
  }

  async #read(id: string, dir: string): Promise<RecordRow> {
    try {
      const path = join(dir, 'run.json')
      const run = await checkRunFile(await readJson(nodeDisk, path), path)
      return { ...rowOf(id, run), state: await this.#stateOf(dir, run), findings: await countFindings(dir) }
    } catch (error) {
      return { ...EMPTY, id, name: id, problem: error instanceof Error ? error.message : String(error) }
    }
  }

  async #stateOf(dir: string, run: RunFile): Promise<RecordRow['state']> {
    if (run.state === 'finished') return 'finished'
    const names = await nodeDisk.list(join(dir, 'series'))
    const newest =
      names.at(-1) === undefined ? undefined : await nodeDisk.stat(join(dir, 'series', names.at(-1) as string))
    return stateOf(run, { ...noFindings(), lastUnixMs: newest?.modifiedUnixMs ?? 0 }, { clock: this.#clock })
  }
}

function rowOf(id: string, run: RunFile): RecordRow {
  const metric = (name: string) => run.summary?.metrics.find((one) => one.name === name)
  const value = (name: string, key: string): number | null => {
    const found = metric(name)
    const of = found === undefined || found.count === 0 ? undefined : found.values[key]
    return typeof of === 'number' && Number.isFinite(of) ? of : null
  }
  return {
    ...EMPTY,
    id,
    name: run.name,
    script: run.script.path,
    testType: run.testType,
    startedUnixMs: run.startedUnixMs,
    durationS: run.durationNs === null ? null : run.durationNs / 1e9,
    exitCode: run.exit?.code ?? null,
    reason: run.exit?.reason ?? null,
    trust: run.trust?.verdict ?? null,
    commit: run.environment.git?.commit ?? null,
    branch: run.environment.git?.branch ?? null,
    requests: value('http_reqs', 'count'),
    perS: value('http_reqs', 'rate'),
    failedRatio: value('http_req_failed', 'rate'),
    p50: value('http_req_duration', 'med'),
    p95: value('http_req_duration', 'p(95)'),
    p99: value('http_req_duration', 'p(99)'),
    problem: null,
  }
}

async function countFindings(dir: string): Promise<RecordRow['findings']> {
  try {
    const findings = await readFindings(nodeDisk, dir)
    if (findings === undefined) return null
    const of = (severity: string): number => findings.filter((one) => one.severity === severity).length
    return { critical: of('critical'), warning: of('warning') }
  } catch {
    // A list does not fail for one damaged file; the record's own page says what is wrong with it.
    return null
  }
}

const EMPTY: RecordRow = {
  id: '',
  name: '',
  script: '',
  testType: null,
  startedUnixMs: 0,
  durationS: null,
  state: 'damaged',
  exitCode: null,
  reason: null,
  trust: null,
  commit: null,
  branch: null,
  requests: null,
  perS: null,
  failedRatio: null,
  p50: null,
  p95: null,
  p99: null,
  findings: null,
  problem: null,
}
