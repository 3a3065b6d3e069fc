"""pool-exhausted: two connections for sixteen threads, each held while the seat is confirmed."""
from context import DATABASE, Pool, faulty
from payment import ask_partner

SMALL = Pool(2)


def book(query):
    number = 1 + int(query.get('id', '1')) % 10000
    return book_holding_connection(number) if faulty('pool-exhausted') else book_and_release(number)


def book_holding_connection(number):
    with SMALL.connection() as connection, connection.cursor() as cursor:
        cursor.execute('select units from stock where product_id = %s', (number,))
        rows = cursor.fetchall()
        ask_partner('/quick')
        return {'units': rows}


def book_and_release(number):
    rows = DATABASE.query('select units from stock where product_id = %s', (number,))
    ask_partner('/quick')
    return {'units': rows}
