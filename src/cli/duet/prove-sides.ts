/** The two sides of a proof: as it is, and with the finding's change applied to a copy that is gone afterwards. */
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { Session } from '#advise/postgres/session.js'
import { makeScratch, type Scratch } from '#advise/postgres/scratch.js'
import { systemClock } from '#base/clock.js'
import { seededRandom } from '#base/random.js'
import { usage } from '#duet/index.js'
import type { Change, Finding } from '#record/index.js'

export interface ProofSides {
  /** Working folder of side b. */
  readonly bCwd: string
  readonly aEnv: Readonly<Record<string, string>>
  readonly bEnv: Readonly<Record<string, string>>
  /** What was applied, in words. */
  readonly applied: readonly string[]
  /** What it cost, measured. */
  readonly costs: readonly string[]
  close(): Promise<void>
}

export interface ProofWish {
  readonly cwd: string
  /** `postgres://` of the database that is copied, twice; undefined for none. */
  readonly database: string | undefined
  readonly databaseEnv: string
  /** Statements beside those of the finding. */
  readonly statements: readonly string[]
  readonly patch: string | undefined
  readonly signal: AbortSignal
  readonly progress: (text: string) => void
}

/** @throws PW_DUET_USAGE, PW_ADVISE_SCRATCH; nothing of the project or its database is changed */
export async function proofSides(finding: Finding, wish: ProofWish): Promise<ProofSides> {
  const changes = finding.advice?.changes ?? []
  const statements = [...texts(changes, 'statement'), ...wish.statements]
  const patches = [...texts(changes, 'patch'), ...(wish.patch === undefined ? [] : [wish.patch])]
  if (statements.length === 0 && patches.length === 0)
    throw usage(
      `The finding ${finding.id} brings no statement and no patch to apply.`,
      'give both versions: --a CMD --b CMD, or --patch FILE, or --statement SQL',
    )
  const undo: (() => Promise<void> | void)[] = []
  const close = async (): Promise<void> => {
    for (const step of undo.splice(0).reverse()) await step()
  }
  try {
    const bCwd = patches.length === 0 ? wish.cwd : patchedCopy(wish.cwd, patches, undo)
    if (statements.length === 0)
      return {
        bCwd,
        aEnv: {},
        bEnv: {},
        applied: [`${patches.length} patches on a copy of ${wish.cwd}`],
        costs: [],
        close,
      }
    if (wish.database === undefined)
      throw usage(
        'A statement is tried on a copy of the database.',
        '--db postgres://user@host/name, and the variable that the program reads: --db-env DATABASE_URL',
        '--db',
      )
    const copies = await twoCopies(wish, undo)
    const costs = await apply(statements, copies.b, copies.a)
    return {
      bCwd,
      aEnv: { [wish.databaseEnv]: copies.a.uri },
      bEnv: { [wish.databaseEnv]: copies.b.uri },
      applied: statements,
      costs: [...costs, `tried on ${copies.b.how}`],
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

function texts(changes: readonly Change[], form: Change['form']): string[] {
  return changes.filter((change) => change.form === form).map(({ text }) => text)
}

async function twoCopies(wish: ProofWish, undo: (() => Promise<void> | void)[]): Promise<{ a: Scratch; b: Scratch }> {
  const made: Scratch[] = []
  for (const seed of [1, 2]) {
    const scratch = await makeScratch({
      source: wish.database as string,
      server: wish.database as string,
      clock: systemClock,
      random: seededRandom((systemClock.unixMs() % 1e9) + seed),
      signal: wish.signal,
      progress: wish.progress,
    })
    undo.push(() => scratch.close())
    made.push(scratch)
  }
  return { a: made[0]!, b: made[1]! }
}

async function apply(statements: readonly string[], b: Scratch, a: Scratch): Promise<string[]> {
  const before = await sizeOf(a)
  const session = await Session.open(b.uri, { statementTimeoutMs: 3_600_000, isWritable: true })
  const began = systemClock.nowNs()
  try {
    for (const statement of statements) await session.query(statement)
    await session.query('analyze')
  } finally {
    await session.close()
  }
  const seconds = ((systemClock.nowNs() - began) / 1e9).toFixed(1)
  const grown = (await sizeOf(b)) - before
  return [`applied in ${seconds} s`, `${grown >= 0 ? '+' : ''}${(grown / 1e6).toFixed(1)} MB on disk`]
}

async function sizeOf({ uri }: Scratch): Promise<number> {
  const session = await Session.open(uri, { statementTimeoutMs: 60_000 })
  try {
    const [row] = await session.query<{ bytes: number }>('select pg_database_size(current_database())::float8 as bytes')
    return row?.bytes ?? 0
  } finally {
    await session.close()
  }
}

/** Without what is large and not the program's own; packages are those of the original. */
function patchedCopy(cwd: string, patches: readonly string[], undo: (() => Promise<void> | void)[]): string {
  const dir = mkdtempSync(join(tmpdir(), 'perfwright-prove-'))
  undo.push(() => rmSync(dir, { recursive: true, force: true }))
  const left = new Set(['.git', '.perfwright', 'node_modules', '.venv', 'venv'])
  cpSync(cwd, dir, { recursive: true, filter: (from) => !left.has(basename(from)) })
  for (const name of ['node_modules', '.venv', 'venv'])
    if (existsSync(join(cwd, name))) symlinkSync(join(cwd, name), join(dir, name))
  patches.forEach((patch, i) => {
    const file = join(dir, `.perfwright-${i}.patch`)
    writeFileSync(file, patch)
    try {
      execFileSync('git', ['apply', '--whitespace=nowarn', file], { cwd: dir, stdio: 'pipe' })
    } catch (error) {
      const said = String((error as { stderr?: Buffer }).stderr ?? (error as Error).message).trim()
      throw usage(
        `The patch does not apply to ${cwd}: ${said.slice(0, 500)}`,
        'apply it by hand and give both versions: --a CMD --b CMD',
      )
    } finally {
      rmSync(file, { force: true })
    }
  })
  return dir
}
