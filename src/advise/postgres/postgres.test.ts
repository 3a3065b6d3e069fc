/** Against a real PostgreSQL where one is installed. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type PostgresServer, postgresMissing, startPostgres } from '../../../test/targets/servers/postgres.mjs'
import { seededRandom } from '#base/random.js'
import { systemClock } from '#base/clock.js'
import type { Advice } from '../types.js'
import { postgresIndexes } from './index-advice.js'
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
  })

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
