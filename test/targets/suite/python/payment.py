"""slow-dependency: the fault is the partner's, who answers /charge late; here is who waits for it."""
import http.client
import os
import threading
from urllib.parse import urlsplit

_kept = threading.local()


def payment(_query):
    return charge_card()


def charge_card():
    return {'answer': ask_partner('/charge')}


def ask_partner(path):
    if getattr(_kept, 'connection', None) is None:
        _kept.connection = http.client.HTTPConnection(urlsplit(os.environ['PARTNER_URL']).netloc, timeout=30)
    _kept.connection.request('GET', path)
    return _kept.connection.getresponse().read().decode()
