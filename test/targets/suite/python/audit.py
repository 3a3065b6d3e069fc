"""degrades-over-time in the database: every request counts the entries of the day in a table that every request grows."""
from context import DATABASE, faulty


def audit(query):
    actor = int(query.get('actor', '1'))
    return count_all_entries(actor) if faulty('degrades-over-time-table') else read_counter(actor)


def count_all_entries(actor):
    DATABASE.query("insert into audit_log (actor, note) select %s, repeat('note ', 40) from generate_series(1, 400) returning 1", (actor,))
    return DATABASE.query('select count(*) from audit_log where note like %s', ('%note%',))


def read_counter(actor):
    return DATABASE.query('insert into audit_count as c (actor, entries) values (%s, 1) on conflict (actor) do update set entries = c.entries + 1 returning entries', (actor,))
