"""resource-leak: the file of every thumbnail is opened, and stays open in a list of handles."""
import os
import tempfile

from context import faulty

_handle, PATH = tempfile.mkstemp(prefix='pw-thumb-')
os.write(_handle, b'x' * 2000)
os.close(_handle)
handles = []


def thumb(_query):
    return {'size': read_and_keep_open() if faulty('resource-leak') else read_and_close()}


def read_and_keep_open():
    handle = open(PATH, 'rb')
    handles.append(handle)
    return len(handle.read())


def read_and_close():
    with open(PATH, 'rb') as handle:
        return len(handle.read())
