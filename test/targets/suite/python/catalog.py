"""cacheable-read: the tree of categories, the same for everybody, is computed for every request."""
import time

from context import DATABASE, faulty

TREE = 'select category, count(*), min(price_cents), max(price_cents) from products group by category order by category'
_kept = {'at': 0.0, 'rows': None}


def catalog(_query):
    return count_every_time() if faulty('cacheable-read') else count_sometimes()


def count_every_time():
    return DATABASE.query(TREE)


def count_sometimes():
    if time.monotonic() - _kept['at'] > 60:
        _kept.update(at=time.monotonic(), rows=DATABASE.query(TREE))
    return _kept['rows']
