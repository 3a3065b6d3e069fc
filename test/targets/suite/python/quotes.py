"""error-burst: the connection to the exchange is taken down for some seconds, and every quote fails meanwhile."""
import time

from context import faulty

_first = {'at': None}


def quote(query):
    if _first['at'] is None:
        _first['at'] = time.monotonic()
    symbol = query.get('symbol', 'ABC')
    return quote_from_flapping_exchange(symbol) if faulty('error-burst') else quote_from_exchange(symbol)


def quote_from_flapping_exchange(symbol):
    second = time.monotonic() - _first['at']
    if 8 < second < 11:
        raise ConnectionError('exchange: connection refused')
    return quote_from_exchange(symbol)


def quote_from_exchange(symbol):
    return {'symbol': symbol, 'cents': 100 + len(symbol)}
