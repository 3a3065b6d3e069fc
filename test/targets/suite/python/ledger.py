"""lock-contention: the lock of the ledger is held while the entry is sent to the archive."""
import threading
import time

from context import faulty

LOCK = threading.Lock()
totals = {}


def ledger(query):
    account = query.get('account', '1')
    return append_under_lock(account) if faulty('lock-contention') else append_after_archive(account)


def append_under_lock(account):
    with LOCK:
        archive(account)
        totals[account] = totals.get(account, 0) + 1
        return {'total': totals[account]}


def append_after_archive(account):
    archive(account)
    with LOCK:
        totals[account] = totals.get(account, 0) + 1
        return {'total': totals[account]}


def archive(_account):
    """Stands for a disk or a partner: it waits and does not compute."""
    time.sleep(0.012)
