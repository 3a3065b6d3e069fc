"""n-plus-one on Redis: a round trip for every line of the cart."""
from context import faulty, redis_client


def cart(query):
    first = int(query.get('id', '1')) % 4000
    keys = ['item:%d' % (1 + first + i) for i in range(30)]
    return read_lines_one_by_one(keys) if faulty('n-plus-one-redis') else read_lines_at_once(keys)


def read_lines_one_by_one(keys):
    client = redis_client()
    return [client.get(key) for key in keys]


def read_lines_at_once(keys):
    return redis_client().mget(keys)
