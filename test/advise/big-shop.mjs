// A shop of any number of rows with the faults that an adviser of indexes must find, each with the statement that suffers
// and a healthy twin beside it. Made inside the database by generate_series; ten million rows take about a minute.

/** @param {number} rows  of all tables together */
export function bigShopSql(rows) {
  const orders = Math.round(rows * 0.6)
  const lines = Math.round(rows * 0.3)
  const customers = rows - orders - lines
  return `
create table customers (id int primary key, email text not null, name text not null, country text not null, city text not null,
  code varchar(20) not null);
insert into customers select i, 'User' || i || '@Example.com', 'Customer ' || md5(i::text), 'country ' || i % 50,
  'city ' || i % 2000, (i * 3)::text from generate_series(1, ${customers}) i;
create index customers_name_plain on customers (name);
create index customers_code on customers (code);

create table products (id int primary key, name text not null, price_cents int not null);
insert into products select i, 'Product ' || i, 100 + i % 9000 from generate_series(1, 20000) i;

create table orders (id int primary key, customer_id int not null, status text not null, total_cents int not null,
  created_at timestamptz not null, note text);
insert into orders select i, 1 + (i::bigint * 7919 % ${customers})::int,
  case when i % 100 = 0 then 'open' when i % 7 = 0 then 'returned' else 'paid' end, (i::bigint * 13 % 50000)::int,
  timestamptz '2020-01-01' + i * interval '10 seconds', case when i % 50 = 0 then 'note ' || i end
  from generate_series(1, ${orders}) i;
create index orders_created on orders (created_at);
create index orders_created_again on orders (created_at);
create index orders_note_unused on orders (note);

create table order_lines (id int primary key, order_id int not null, product_id int not null references products (id),
  quantity int not null);
insert into order_lines select i, 1 + i / 2, 1 + (i::bigint * 17 % 20000)::int, 1 + i % 5
  from generate_series(1, ${lines}) i;

create table settings (name text primary key, value text not null);
insert into settings select 'setting ' || i, i::text from generate_series(1, 40) i;
`
}

/** The statements of the application, by what they are there to show, with how often each runs in a round. */
export const workload = [
  {
    name: 'orders-of-customer',
    times: 6,
    sql: 'select id, total_cents from orders where customer_id = $1',
    values: (n) => [1 + n * 7],
  },
  {
    name: 'latest-orders-of-customer',
    times: 6,
    sql: 'select id, total_cents from orders where customer_id = $1 order by created_at desc limit 5',
    values: (n) => [3 + n * 11],
  },
  {
    name: 'open-orders',
    times: 3,
    sql: 'select id, customer_id from orders where status = $1 and created_at >= $2 order by total_cents desc limit 20',
    values: (n) => ['open', `2020-01-0${1 + (n % 5)}`],
  },
  {
    name: 'lines-join',
    times: 5,
    sql: `select o.id, l.product_id, l.quantity from orders o join order_lines l on l.order_id = o.id
      where o.id between $1 and $1 + 20`,
    values: (n) => [100 + n],
  },
  {
    name: 'email-lower',
    times: 4,
    sql: 'select id from customers where lower(email) = $1',
    values: (n) => [`user${n + 1}@example.com`],
  },
  {
    name: 'name-contains',
    times: 2,
    sql: "select id from customers where name like '%' || $1 || '%' limit 10",
    values: (n) => [`zz${n}`],
  },
  {
    name: 'code-as-number',
    times: 2,
    sql: 'select id from customers where code::int = $1',
    values: (n) => [3 * (n + 1)],
  },
  {
    name: 'sales-report',
    times: 1,
    sql: `select customer_id, count(*), sum(total_cents) as total from orders where created_at >= $1
      group by customer_id order by total desc, customer_id limit 10`,
    values: () => ['2019-12-01'],
  },
  {
    name: 'cities',
    times: 2,
    sql: 'select id, name from customers where country = $1 and city = $2',
    values: (n) => [`country ${n % 50}`, `city ${n % 50}`],
  },
  // Healthy: by primary key, by an index that is there, and a table so small that a scan is right.
  { name: 'order', times: 30, sql: 'select id, status from orders where id = $1', values: (n) => [1 + n] },
  {
    name: 'orders-since',
    times: 10,
    sql: 'select id from orders where created_at > $1 order by created_at limit 10',
    values: () => ['2020-01-02'],
  },
  { name: 'setting', times: 30, sql: 'select value from settings where value = $1', values: (n) => [String(n % 40)] },
  {
    name: 'write',
    times: 10,
    sql: 'update orders set total_cents = total_cents + 1 where id = $1',
    values: (n) => [1 + n],
  },
]

/** What makes the shop healthy: each mend of the adviser's kind, written by hand. */
export const healthySql = `
drop index orders_created_again, orders_note_unused, customers_name_plain;
create extension if not exists pg_trgm;
create index on orders (customer_id, created_at);
create index on orders (status, total_cents);
create index on order_lines (order_id);
create index on order_lines (product_id);
create index on customers (lower(email));
create index on customers using gin (name gin_trgm_ops);
create index on customers ((code::int));
create index on customers (city, country);
`
