"""slow-query: the report joins and sorts all orders of a year, where a table of sums by day would do."""
from context import DATABASE, faulty

RECOMPUTED = """select p.category, date_trunc('day', o.created_at) as day, count(distinct o.customer_id) as buyers,
       sum(l.quantity * p.price_cents) as cents
  from orders o join order_lines l on l.order_id = o.id join products p on p.id = l.product_id
 where o.created_at >= %s::timestamptz and o.created_at < %s::timestamptz + interval '60 days'
 group by p.category, day order by cents desc limit 20"""
PREPARED = 'select category, day, buyers, cents from sales_by_day where day = %s::date order by cents desc limit 20'


def report(query):
    day = '2025-%02d-%02d' % (1 + int(query.get('n', '0')) % 10, 1 + int(query.get('n', '0')) % 28)
    return recompute_report(day) if faulty('slow-query') else read_prepared_report(day)


def recompute_report(day):
    return DATABASE.query(RECOMPUTED, (day, day))


def read_prepared_report(day):
    return DATABASE.query(PREPARED, (day,))
