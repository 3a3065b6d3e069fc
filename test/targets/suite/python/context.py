"""What the features share. Connections open on first use, so that a pair sees only what it uses."""
import os
import queue
from contextlib import contextmanager

FAULTS = {name for name in os.environ.get('FAULT', '').split(',') if name}


def faulty(name):
    return name in FAULTS


class Pool:
    """Connections that threads borrow; who finds none waits."""

    def __init__(self, size):
        self._free = queue.LifoQueue()
        self._size = size
        for _ in range(size):
            self._free.put(None)

    @contextmanager
    def connection(self):
        connection = self._free.get()
        try:
            if connection is None:
                import psycopg2

                connection = psycopg2.connect(os.environ['DATABASE_URL'])
                connection.autocommit = True
            yield connection
        finally:
            self._free.put(connection)

    def query(self, sql, values=()):
        with self.connection() as connection, connection.cursor() as cursor:
            cursor.execute(sql, values)
            return cursor.fetchall()


DATABASE = Pool(16)

_redis = None


def redis_client():
    global _redis
    if _redis is None:
        import redis

        _redis = redis.Redis.from_url(os.environ['REDIS_URL'], decode_responses=True)
    return _redis
