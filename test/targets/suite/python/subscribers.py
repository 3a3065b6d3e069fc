"""degrades-over-time: whether an address is new is looked for in a list that grows with every request."""
import threading

from context import faulty

LOCK = threading.Lock()
known_list = []
known_recent = {}
count = 0


def subscribe(_query):
    global count
    with LOCK:
        count += 1
        number = count
    names = ['%d.%d@example.com' % (number, i) for i in range(40)]
    fresh = add_to_list(names) if faulty('degrades-over-time') else add_to_set(names)
    return {'new': fresh}


def add_to_list(names):
    fresh = 0
    for name in names:
        if name not in known_list:
            known_list.append(name)
            fresh += 1
    return fresh


def add_to_set(names):
    fresh = 0
    with LOCK:
        for name in names:
            if name not in known_recent:
                known_recent[name] = True
                fresh += 1
        while len(known_recent) > 5000:
            known_recent.pop(next(iter(known_recent)))
    return fresh
