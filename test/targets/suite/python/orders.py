"""n-plus-one: one query for the orders, one more for the customer of each."""
from context import DATABASE, faulty


def orders(query):
    first = 1 + int(query.get('from', '1')) % 100000
    found = DATABASE.query('select id, customer_id from orders where id >= %s order by id limit 30', (first,))
    return customers_one_by_one(found) if faulty('n-plus-one') else customers_at_once(found)


def customers_one_by_one(found):
    answer = []
    for number, customer in found:
        rows = DATABASE.query('select name from customers where id = %s', (customer,))
        answer.append({'id': number, 'customer': rows[0][0]})
    return answer


def customers_at_once(found):
    rows = DATABASE.query('select id, name from customers where id = any(%s)', ([customer for _, customer in found],))
    names = dict(rows)
    return [{'id': number, 'customer': names[customer]} for number, customer in found]
