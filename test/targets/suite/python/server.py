"""A service on http.server with a thread for every connection. Healthy, but for the defects that FAULT names: each stands
in a named function of its own file, beside its healthy twin. PORT, DATABASE_URL, REDIS_URL and PARTNER_URL come by
environment."""
import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import audit
import booking
import carts
import catalog
import jobs
import ledger
import orders
import pages
import payment
import quotes
import reports
import sessions
import similar
import subscribers
import thumbs

ROUTES = {
    '/audit': audit.audit,
    '/book': booking.book,
    '/cart': carts.cart,
    '/catalog': catalog.catalog,
    '/job': jobs.job,
    '/ledger': ledger.ledger,
    '/orders': orders.orders,
    '/pages': pages.page,
    '/pay': payment.payment,
    '/quote': quotes.quote,
    '/report': reports.report,
    '/session': sessions.session,
    '/similar': similar.similar,
    '/subscribe': subscribers.subscribe,
    '/thumb': thumbs.thumb,
}


class Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    # Headers and body leave in one write; without it every answer waits for a delayed acknowledgement.
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_GET(self):
        url = urlsplit(self.path)
        route = ROUTES.get(url.path)
        length = int(self.headers.get('content-length') or 0)
        if length > 0:
            self.rfile.read(length)
        if route is None:
            return self.answer(404, {'error': 'no ' + url.path})
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        try:
            return self.answer(200, route(query))
        except Exception as error:
            return self.answer(500, {'error': str(error)})

    do_POST = do_GET

    def answer(self, status, body):
        data = json.dumps(body, default=str).encode()
        self.send_response(status)
        self.send_header('content-type', 'application/json')
        self.send_header('content-length', str(len(data)))
        self.end_headers()
        self.wfile.write(data)
        self.wfile.flush()

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    request_queue_size = 1024
    daemon_threads = True


if __name__ == '__main__':
    Server(('127.0.0.1', int(os.environ['PORT'])), Handler).serve_forever()
