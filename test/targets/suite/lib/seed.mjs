// The data of the suite, as a shop of some size has it: tables far larger than a script would read by chance.

export const schema = `
create table customers (id int primary key, email text not null, name text not null, city text not null);
insert into customers select i, 'user' || i || '@example.com', 'Customer ' || i, 'City ' || (i * 7919 % 20011)
  from generate_series(1, 100000) i;
create index customers_email on customers (email);
create index customers_city on customers (city);

create table products (id int primary key, name text not null, price_cents int not null, category text not null,
  description text not null, specification text not null);
insert into products select i, 'Product ' || i, 100 + i * 31 % 9000, 'category ' || i % 40,
  repeat(md5(i::text), 50), repeat(md5((i + 1)::text), 40) from generate_series(1, 10000) i;

create table stock (product_id int primary key, units int not null);
insert into stock select i, 1000000 from generate_series(1, 10000) i;

create table orders (id int primary key, customer_id int not null, status text not null, total_cents int not null,
  created_at timestamptz not null);
insert into orders select i, 1 + i * 37 % 10000, (array['new', 'paid', 'sent'])[1 + i % 3], i * 13 % 50000,
  timestamptz '2025-01-01' + (i * 2) * interval '1 minute' from generate_series(1, 250000) i;
create index orders_customer on orders (customer_id);

create table order_lines (order_id int not null, product_id int not null, quantity int not null);
insert into order_lines select 1 + i / 2, 1 + i * 17 % 10000, 1 + i % 5 from generate_series(0, 499999) i;
create index order_lines_order on order_lines (order_id);

create table sales_by_day (category text not null, day date not null, buyers int not null, cents bigint not null);
insert into sales_by_day select 'category ' || c, date '2025-01-01' + d, c + d, c * d * 100
  from generate_series(0, 39) c, generate_series(0, 364) d;
create index sales_by_day_day on sales_by_day (day);

create table audit_log (id bigint generated always as identity primary key, actor int not null, note text not null,
  at timestamptz not null default now());
create table audit_count (actor int primary key, entries bigint not null);
vacuum analyze;
`

/** Brings back what runs change; the tables that only grow start empty. */
export const reset = `
create index if not exists customers_email on customers (email);
create index if not exists customers_city on customers (city);
truncate audit_log, audit_count;
update stock set units = 1000000 where units < 900000;
analyze customers;
select pg_stat_statements_reset();
`

export function fillRedis(redis) {
  const script = `for i = 1, 5000 do redis.call('set', 'item:' .. i, 'item ' .. i) end`
  redis.cli('eval', script, '0')
}
