/** Against a real PostgreSQL where one is installed. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type PostgresServer, postgresMissing, startPostgres } from '../../../test/targets/servers/postgres.mjs'
import { seededRandom } from '#base/random.js'
import { systemClock } from '#base/clock.js'
import type { RunRecord } from '#record/index.js'
import type { Advice } from '../types.js'
import { postgresActivity } from './activity-advice.js'
import { examinationOf, openReader } from './examination.js'
import { postgresIndexes } from './index-advice.js'
import { postgresPlans } from './plan-advice.js'
import { comparePlans } from './plan-history.js'
import { Planner, plannerSettings } from './planner.js'
import { postgresSchema } from './schema-advice.js'
import { assertScratch, makeScratch, type ScratchMode } from './scratch.js'
import { inputFor } from './testing/input.js'

if (postgresMissing !== undefined) console.warn(`left out: ${postgresMissing}`)

const shop = `
create table customers (id int primary key, email text not null);
insert into customers select n, 'User' || n || '@Example.com' from generate_series(1, 20000) n;
create table orders (id int primary key, customer_id int not null references customers (id), status text not null,
  created_at timestamptz not null, total int not null);
insert into orders select n, 1 + n * 37 % 20000, 'paid', timestamptz '2025-01-01' + n * interval '1 minute', n % 1000
  from generate_series(1, 60000) n;
create table bumps (n int not null);
insert into bumps values (0);
create function bump() returns int language sql volatile as 'update bumps set n = n + 1 returning n';
create role reader login;
grant pg_monitor, pg_read_all_data to reader;
`

describe.skipIf(postgresMissing !== undefined)('advice on a real PostgreSQL', () => {
  let server: PostgresServer
  beforeAll(async () => {
    server = await startPostgres()
    server.sql(shop)
    server.sql('vacuum analyze')
    server.sql('select pg_stat_statements_reset()')
    server.sql(`prepare q as select id, total from orders where customer_id = $1 order by created_at desc limit 5;
      ${'execute q(7);'.repeat(20)}
      ${"select id from customers where lower(email) = 'user7@example.com';".repeat(10)}
      ${'select total from orders where customer_id = 5;'.repeat(10)}
      select bump();
      with gone as (delete from orders where id = 60000 returning id) select count(*) from gone;
      ${'select id from customers where id = 17;'.repeat(10)}`)
  }, 60_000)
  afterAll(async () => await server.stop())

  const reader = (): string => server.url.replace('perfwright@', 'reader@')
  const changes = (advice: readonly Advice[]): string[] =>
    advice.flatMap((one) => one.advice.changes.map(({ text }) => text))

  it('finds the missing indexes as a role that may write nothing, and writes nothing', async () => {
    const state = (): string =>
      server.sql(`select n from bumps; select count(*) from orders; select count(*) from pg_class;
        select count(*) from pg_database`)
    const before = state()
    const { advice } = await postgresIndexes.advise(inputFor(reader()))
    expect(changes(advice).join('\n')).toMatch(/on orders \(customer_id/)
    expect(changes(advice).join('\n')).toContain('on customers (lower(email))')
    expect(advice.every(({ kind }) => kind === 'missing-index')).toBe(true)
    expect(state()).toBe(before)
  }, 60_000)

  it('builds them on a copy, verifies them, and leaves neither copy nor change', async () => {
    const before = server.sql('select count(*) from pg_database; select count(*) from pg_index; select n from bumps')
    const { advice } = await postgresIndexes.advise(inputFor(server.url, { scratch: server.url }))
    const best = advice.find((one) => changes([one]).some((text) => text.includes('on orders')))
    expect(best?.advice.verification.state).toBe('verified')
    expect(best?.advice.gain).toMatchObject({ basis: 'measured' })
    expect(best?.advice.gain?.afterHigh).toBeLessThan(best?.advice.gain?.before ?? 0)
    expect(server.sql('select count(*) from pg_database; select count(*) from pg_index; select n from bumps')).toBe(
      before,
    )
    // The statement is applied as it stands, and there is nothing more to say of it.
    for (const text of changes(advice)) server.sql(text)
    server.sql('analyze')
    const again = await postgresIndexes.advise(inputFor(reader()))
    expect(again.advice).toEqual([])
  }, 60_000)

  it('never runs what writes, be it in a function that calls itself harmless', async () => {
    server.sql(`create function lies(x int) returns int language plpgsql stable as 'begin perform bump(); return x; end';
      create table wide (id int primary key, n int); insert into wide select n, n from generate_series(1, 100000) n; analyze wide`)
    server.sql(`select pg_stat_statements_reset();
      ${'select count(*) from wide where n + 0 = 7 and n <> (select bump());'.repeat(3)}
      ${'with u as (update wide set n = n where n + 0 = 8 returning 1) select count(*) from u, wide;'.repeat(3)}
      ${'select * from wide where n + 0 = 9 for update;'.repeat(3)}
      ${'delete from wide where n + 0 = -1;'.repeat(3)}
      ${'select count(*) from wide where n + 0 = 7;'.repeat(3)}`)
    const before = server.sql('select n from bumps; select sum(n), max(xmin::text::bigint) from wide')
    for (const advisor of [postgresIndexes, postgresPlans, postgresSchema]) await advisor.advise(inputFor(server.url))
    expect(server.sql('select n from bumps; select sum(n), max(xmin::text::bigint) from wide')).toBe(before)
    const run = server.sql(
      "select count(*) from pg_stat_statements where query ilike '%explain (analyze%' and query ~* 'bump|update|delete'",
    )
    expect(run).toBe('0')
  }, 60_000)

  it('tells of double and invalid indexes, foreign keys without one, numbers in text and sequences near their end', async () => {
    server.sql(`create database schema`)
    const uri = server.url.replace(/\/postgres$/, '/schema')
    server.sql(
      `create table parent (id int primary key); insert into parent select generate_series(1, 20000);
      create table child (id serial primary key, parent_id int not null references parent (id), code text not null, name text not null);
      insert into child (parent_id, code, name) select n, md5(n::text)::uuid::text, 'name ' || n from generate_series(1, 20000) n;
      create index child_name on child (name); create index child_name_again on child (name); create index child_name_id on child (name, id);
      select setval('child_id_seq', 1900000000)`,
      uri,
    )
    server.sql('vacuum analyze', uri)
    const { advice } = await postgresSchema.advise(inputFor(uri))
    const texts = changes(advice).join('\n')
    expect(texts).toContain('DROP INDEX CONCURRENTLY child_name_again;')
    expect(texts).toContain('CREATE INDEX CONCURRENTLY child_parent_id_idx on child (parent_id);')
    expect(texts).toContain('ALTER TABLE child ALTER COLUMN code TYPE uuid USING code::uuid;')
    expect(texts).toContain('ALTER TABLE child ALTER COLUMN id TYPE bigint;')
    expect(texts).not.toContain('child_name_id')
    for (const text of changes(advice)) server.sql(text, uri)
    server.sql('vacuum analyze', uri)
    expect((await postgresSchema.advise(inputFor(uri))).advice).toEqual([])
  }, 60_000)

  it('holds the plans of a run against those of the last run of the same test', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pw-plans-'))
    const record = (name: string): RunRecord => {
      mkdirSync(join(folder, name))
      return {
        dir: join(folder, name),
        run: { script: { path: 'load.js' } },
        observed: async () => [],
      } as unknown as RunRecord
    }
    const examined = async (name: string): Promise<readonly Advice[]> => {
      server.sql('select pg_stat_statements_reset()')
      server.sql('select id from customers where email = $$User7@Example.com$$;'.repeat(10))
      const run = record(name)
      const examination = await examinationOf(inputFor(server.url), { kind: 'postgres', uri: server.url })
      const session = await openReader(server.url)
      try {
        await plannerSettings(session)
        const planner = new Planner(session, examination.catalog)
        return (await comparePlans(inputFor(server.url, { record: run }), examination, planner)).advice
      } finally {
        await session.close()
      }
    }
    try {
      server.sql('create index customers_email on customers (email); analyze customers')
      expect(await examined('20261120T100000Z-a')).toEqual([])
      expect(await examined('20261120T110000Z-a')).toEqual([])
      server.sql('drop index customers_email')
      const [found, more] = await examined('20261120T120000Z-a')
      expect(found).toMatchObject({ kind: 'plan-regression' })
      expect(found?.fix).toContain('customers_email')
      expect(more).toBeUndefined()
    } finally {
      rmSync(folder, { recursive: true })
    }
  }, 60_000)

  it('tells of transactions that hold a lock while they do nothing, and of none when none does', async () => {
    expect((await postgresActivity.advise(inputFor(server.url))).notAssessed.join()).toContain('no load runs')
    const isOver = new AbortController()
    const buyer = async (): Promise<void> => {
      const client = new Client({ connectionString: server.url, application_name: 'shop' })
      await client.connect()
      while (!isOver.signal.aborted) {
        await client.query('begin')
        await client.query('update bumps set n = n + 1')
        await new Promise((resolve) => setTimeout(resolve, 30))
        await client.query('commit')
      }
      await client.end()
    }
    const buyers = Array.from({ length: 5 }, buyer)
    const { advice } = await postgresActivity.advise(inputFor(server.url))
    isOver.abort()
    await Promise.all(buyers)
    expect(advice.map(({ kind }) => kind)).toEqual(['database-lock'])
    expect(advice[0]?.title).toContain('bumps')
  }, 60_000)

  it.each<ScratchMode>(['template', 'dump', 'sample'])(
    'copies by %s, and drops its copy alone',
    async (mode) => {
      const scratch = await makeScratch({
        source: server.url,
        server: server.url.replace(/\/postgres$/, '/template1'),
        mode,
        clock: systemClock,
        random: seededRandom(1),
        signal: new AbortController().signal,
        progress: () => {},
      })
      try {
        await assertScratch(scratch.uri)
        await expect(assertScratch(server.url)).rejects.toMatchObject({ code: 'PW_ADVISE_NOTSCRATCH' })
        expect(
          server.sql(
            'select count(*) from customers; select count(*) from pg_indexes where tablename = $$customers$$',
            scratch.uri,
          ),
        ).toMatch(/^20000\n\d/)
      } finally {
        await scratch.close()
      }
      expect(server.sql("select count(*) from pg_database where datname like 'perfwright%'")).toBe('0')
    },
    30_000,
  )
})
