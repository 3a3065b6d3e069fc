"""offset-pagination: the database reads and throws away all rows before the page."""
from context import DATABASE, faulty


def page(query):
    number = int(query.get('page', '0'))
    return page_by_offset(number) if faulty('offset-pagination') else page_by_key(number)


def page_by_offset(number):
    return DATABASE.query('select id, total_cents from orders order by id limit 20 offset %s', (number * 20,))


def page_by_key(number):
    return DATABASE.query('select id, total_cents from orders where id > %s order by id limit 20', (number * 20,))
