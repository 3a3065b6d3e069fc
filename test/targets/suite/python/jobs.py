"""no-recovery: every request waits for its job in a queue without an end, which one worker empties one by one."""
import queue
import threading
import time

from context import faulty

JOBS = queue.Queue()


def job(_query):
    done = threading.Event()
    JOBS.put(done)
    done.wait()
    return {'done': True}


def work_one_by_one():
    while True:
        done = JOBS.get()
        store(1)
        done.set()


def work_in_batches():
    while True:
        batch = [JOBS.get()]
        while len(batch) < 50 and not JOBS.empty():
            batch.append(JOBS.get())
        store(len(batch))
        for done in batch:
            done.set()


def store(_jobs):
    """Stands for a commit: it costs the same for one job and for fifty."""
    time.sleep(0.015)


threading.Thread(target=work_one_by_one if faulty('no-recovery') else work_in_batches, daemon=True).start()
