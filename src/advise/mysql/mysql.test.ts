/** Against a real MariaDB where one is installed. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mariadbMissing, type MariadbServer, startMariadb } from '../../../test/targets/servers/mariadb.mjs'
import { inputFor } from '../postgres/testing/input.js'
import type { Advice } from '../types.js'
import { mysqlAdvisor } from './index.js'
import { inPostgresWords } from './statements.js'

if (mariadbMissing !== undefined) console.warn(`left out: ${mariadbMissing}`)

describe('a statement of MySQL', () => {
  it('is put into the words of the parser', () => {
    expect(inPostgresWords('SELECT `a` . `id` FROM `a` WHERE `a` . `b` IN (...) AND `c` = ? LIMIT ?, ? ;')).toBe(
      'SELECT "a"."id" FROM "a" WHERE "a"."b" IN ( $1 ) AND "c" = $2 LIMIT $4 OFFSET $3',
    )
  })
})

describe.skipIf(mariadbMissing !== undefined)('advice on a real MariaDB', () => {
  let server: MariadbServer
  beforeAll(async () => {
    server = await startMariadb({ performanceSchema: true })
    server.sql(`use test;
      create table customers (id int primary key, email varchar(80) not null, city varchar(40) not null, key city (city), key city_again (city));
      insert into customers select seq, concat('user', seq, '@example.com'), concat('city ', seq % 100) from seq_1_to_30000;
      create table orders (id int primary key, customer_id int not null, total int not null, at datetime not null);
      insert into orders select seq, 1 + seq * 37 % 5000, seq % 1000, date_add('2025-01-01', interval seq minute) from seq_1_to_60000;
      analyze table customers, orders;
      truncate performance_schema.events_statements_summary_by_digest;
      ${'select id, total from orders where customer_id = 7 order by at desc limit 5;'.repeat(8)}
      ${"select id from customers where email = 'user9@example.com';".repeat(8)}
      ${"select id from customers where upper(email) = 'USER9@EXAMPLE.COM';".repeat(3)}
      ${'select email from customers where id = 9;'.repeat(8)}
      ${"select id from customers where city = 'city 5' limit 5;".repeat(8)}`)
  }, 60_000)
  afterAll(async () => await server.stop())

  const changes = (advice: readonly Advice[]): string[] =>
    advice.flatMap((one) => one.advice.changes.map(({ text }) => text))

  it('finds missing and double indexes, tries them on a copy, and leaves no copy', async () => {
    const { advice } = await mysqlAdvisor.advise(inputFor(server.url, { scratch: server.url }))
    const texts = changes(advice)
    expect(texts).toContain(
      'ALTER TABLE orders ADD INDEX orders_customer_id_at (customer_id, at), ALGORITHM=INPLACE, LOCK=NONE;',
    )
    expect(texts).toContain('ALTER TABLE customers ADD INDEX customers_email (email), ALGORITHM=INPLACE, LOCK=NONE;')
    expect(texts).toContain('ALTER TABLE customers DROP INDEX city_again, ALGORITHM=INPLACE, LOCK=NONE;')
    expect(texts).toHaveLength(3)
    const missing = advice.filter(({ kind }) => kind === 'missing-index')
    expect(missing.map((one) => one.advice.verification.state)).toEqual(['verified', 'verified'])
    expect(server.sql("show databases like 'perfwright%'")).toBe('')
    for (const text of texts) server.sql(`use test; ${text}`)
    server.sql('truncate performance_schema.events_statements_summary_by_digest')
    server.sql(`use test; ${"select id from customers where email = 'user9@example.com';".repeat(8)}`)
    const again = await mysqlAdvisor.advise(inputFor(server.url))
    expect(again.advice).toEqual([])
  }, 60_000)

  it('says what is missing where the server keeps no digests', async () => {
    const answer = await mysqlAdvisor.advise(inputFor(server.url.replace(/\/test$/, '/mysql')))
    expect(answer.notAssessed.join()).toContain('performance_schema')
  })
})
