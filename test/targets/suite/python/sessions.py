"""memory-leak: every session stays in the table, as nothing ever ends one."""
import itertools
from collections import OrderedDict

from context import faulty

SESSIONS = {}
RECENT = OrderedDict()
_ids = itertools.count(1)


def session(_query):
    number = next(_ids)
    state = {'id': number, 'basket': ['item %d of %d' % (i, number) for i in range(250)]}
    if faulty('memory-leak'):
        keep_session(number, state)
    else:
        keep_recent_session(number, state)
    return {'id': number}


def keep_session(number, state):
    SESSIONS[number] = state


def keep_recent_session(number, state):
    RECENT[number] = state
    while len(RECENT) > 100:
        RECENT.popitem(last=False)
