/** Answers that travel larger than they need: not compressed, on a connection that is made anew for each request. */
import { gzipSync } from 'node:zlib'
import { bytes, percent } from '#diagnose/finding.js'
import type { Change } from '#record/index.js'
import { answer, makeAdvice, notAssessed } from '../advice.js'
import type { ProbedRequest } from '../probe/capture.js'
import type { Language } from '../target/facts.js'
import type { Advice, Advisor } from '../types.js'

/** From here a payload is felt by a person on a mobile network: 100 kB are 0.1 s at 8 Mbit/s. */
const heavyBytes = 100_000
/** Below it the header and the CPU of packing weigh as much as what is saved. */
const worthBytes = 20_000
const worthSaving = 0.4

export const payload: Advisor = {
  name: 'payload',
  kinds: ['network-bandwidth', 'network-latency'],
  explains: `Answers from ${bytes(worthBytes)} on that were asked for with gzip allowed and came unpacked: packs them and says what it saves. Connections that the server closes after each answer.`,
  advise: async ({ capture, target }) => {
    if (capture === undefined || capture.requests.length === 0)
      return notAssessed('no request was probed (--url): sizes and headers of answers are not known')
    const good = capture.requests.filter(({ status }) => status >= 200 && status < 300)
    const byEndpoint = grouped(good)
    const advice = [...byEndpoint].flatMap(([endpoint, requests]) => [
      ...uncompressed(endpoint, requests, target.language),
      ...closing(endpoint, requests),
    ])
    const largest = Math.max(0, ...good.map(({ sentBytes }) => sentBytes))
    return answer(advice, `${good.length} answers, the largest ${bytes(largest)} as sent`)
  },
}

function grouped(requests: readonly ProbedRequest[]): Map<string, ProbedRequest[]> {
  const groups = new Map<string, ProbedRequest[]>()
  for (const one of requests) groups.set(one.endpoint, [...(groups.get(one.endpoint) ?? []), one])
  return groups
}

function uncompressed(endpoint: string, requests: readonly ProbedRequest[], language: Language): Advice[] {
  const largest = requests.reduce((a, b) => (b.bodyBytes > a.bodyBytes ? b : a))
  const type = largest.headers['content-type'] ?? ''
  if (largest.headers['content-encoding'] !== undefined || largest.bodyBytes < worthBytes) return []
  if (!/json|text|xml|javascript|svg|csv/i.test(type)) return []
  // Of what was kept of the body; a longer one packs as its beginning does.
  const ratio = gzipSync(largest.body, { level: 6 }).length / Math.max(1, largest.body.length)
  if (1 - ratio < worthSaving) return []
  const after = Math.round(largest.bodyBytes * ratio)
  const isHeavy = largest.bodyBytes >= heavyBytes
  return [
    makeAdvice({
      advisor: 'payload',
      kind: 'network-bandwidth',
      severity: isHeavy ? 'warning' : 'info',
      confidence: 0.95,
      title: `${endpoint}: ${bytes(largest.bodyBytes)} unpacked, though the client takes gzip; packed it is ${bytes(after)}`,
      where: { endpoint },
      evidence: [
        {
          text: `content-type ${type}, no content-encoding in answer to accept-encoding gzip`,
          source: `probe ${largest.url}`,
          value: largest.bodyBytes,
          unit: 'bytes',
          threshold: worthBytes,
        },
      ],
      fix: 'Let the server, or the proxy before it, compress text answers; leave those below 1 kB as they are.',
      prove: `curl -s -o /dev/null -H 'accept-encoding: gzip' -w '%{size_download}\\n' '${largest.url}'`,
      share: null,
      advice: {
        changes: compressionFor(language),
        gain: {
          metric: `bytes sent by ${endpoint}`,
          unit: 'bytes',
          before: largest.bodyBytes,
          after,
          afterLow: null,
          afterHigh: null,
          basis: 'measured',
          how: `the answer itself, packed by gzip at level 6 (${percent(1 - ratio)} smaller)`,
        },
        costs: ['CPU of the server for packing: about 10 ms for each MB of JSON at level 6.'],
        verification: { state: 'predicted', how: 'the same body was packed here; the server was not changed' },
      },
    }),
  ]
}

function closing(endpoint: string, requests: readonly ProbedRequest[]): Advice[] {
  const closed = requests.filter(({ headers }) => /\bclose\b/i.test(headers['connection'] ?? ''))
  if (closed.length < requests.length) return []
  return [
    makeAdvice({
      advisor: 'payload',
      kind: 'network-latency',
      severity: 'warning',
      confidence: 0.9,
      title: `${endpoint}: the server closes the connection after every answer`,
      where: { endpoint },
      evidence: [
        {
          text: `${closed.length} of ${requests.length} answers carry connection: close, though the client asked to keep it`,
          source: `probe ${closed[0]?.url ?? endpoint}`,
          value: closed.length,
          unit: 'answers',
        },
      ],
      fix: 'Keep connections open (HTTP/1.1 does so unless told not to): each new one costs a round trip, with TLS two or three.',
      prove: `curl -sv -o /dev/null '${closed[0]?.url ?? ''}' 2>&1 | grep -i '^< connection'`,
      share: null,
      advice: {
        changes: [
          {
            form: 'setting',
            language: 'nginx',
            text: 'keepalive_timeout 65s;\nproxy_http_version 1.1;\nproxy_set_header Connection "";',
          },
        ],
        gain: null,
        costs: ['An idle connection holds a socket and some memory of the server until its timeout.'],
        verification: { state: 'observed', how: 'what a round trip costs depends on the distance of the clients' },
      },
    }),
  ]
}

function compressionFor(language: Language): Change[] {
  const nginx: Change = {
    form: 'setting',
    language: 'nginx',
    text: 'gzip on;\ngzip_types application/json text/plain text/css application/javascript image/svg+xml;\ngzip_min_length 1000;',
  }
  const own: Partial<Record<Language, Change>> = {
    javascript: {
      form: 'code',
      language: 'javascript',
      text: "import compression from 'compression'\n\napp.use(compression({ threshold: 1000 }))",
    },
    python: {
      form: 'code',
      language: 'python',
      text: "# Django: MIDDLEWARE = ['django.middleware.gzip.GZipMiddleware', ...]\n# Starlette, FastAPI:\nfrom starlette.middleware.gzip import GZipMiddleware\n\napp.add_middleware(GZipMiddleware, minimum_size=1000)",
    },
    go: {
      form: 'code',
      language: 'go',
      text: 'import "github.com/klauspost/compress/gzhttp"\n\nhttp.ListenAndServe(addr, gzhttp.GzipHandler(mux))',
    },
  }
  const change = own[language]
  return change === undefined ? [nginx] : [change, nginx]
}
