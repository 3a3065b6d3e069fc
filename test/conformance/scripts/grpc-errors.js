// k6: 2
// needs-grpc
// ordered
import grpc, { Client, Stream } from 'k6/net/grpc'

const server = JSON.parse(__ENV.GRPC_SERVER)
const hello = 'perfwright.test.v1.Echo/Hello'
const client = new Client()

function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted)
  if (value === null || typeof value !== 'object' || typeof value.string === 'function') return value
  return Object.fromEntries(Object.keys(value).sort().map((key) => [key, sorted(value[key])]))
}
function show(name, f) {
  try {
    const result = f()
    console.log(name, JSON.stringify(sorted(result)), typeof result)
  } catch (e) {
    console.log(name, 'throws', String(e), e instanceof Error, e.name)
  }
}

// k6 has other words for a missing file in every init but the first.
function attempt(f) {
  try {
    return f()
  } catch {
    return 'throws'
  }
}
const first = __VU === 1
if (first) show('constants', () => Object.keys(grpc).sort().map((key) => [key, typeof grpc[key], String(grpc[key]).slice(0, 8), Number(grpc[key])]))
if (first) show('a code', () => [grpc.StatusNotFound + 1, `${grpc.StatusNotFound}`, grpc.StatusNotFound === 5, grpc.StatusNotFound == 5, grpc.StatusNotFound === grpc.StatusNotFound, !grpc.StatusOK, Object.keys(grpc.StatusOK), grpc.StatusOK instanceof Object])
if (first) show('client', () => [typeof client, Object.keys(client), String(client), typeof Client, client instanceof Client])
if (first) show('load missing', () => String(attempt(() => client.load([], '/nowhere/nothing.proto'))))
if (first) show('load missing in paths', () => String(attempt(() => client.load(['/nowhere', '/neither'], 'nothing.proto'))))
if (first) show('load nothing', () => client.load())
if (first) show('load null', () => client.load(null))
if (first) show('load a text', () => client.load('x', 'y'))
if (!first) client.load([__ENV.GRPC_PROTOS], 'echo.proto')
else show('load', () => client.load([__ENV.GRPC_PROTOS], 'echo.proto').map((m) => [m.full_method, m.package, m.service, m.name, m.is_client_stream, m.is_server_stream]).sort())
if (first) show('load again', () => client.load([__ENV.GRPC_PROTOS], 'echo.proto', 'legacy.proto').length)
if (first) show('loadProtoset missing', () => String(attempt(() => client.loadProtoset('/nowhere/nothing.pb'))))
if (first) show('connect in init', () => client.connect(server.plain))
if (first) show('invoke in init', () => client.invoke('x', {}))
if (first) show('close in init', () => client.close())
if (first) show('stream in init', () => new Stream(client, 'x'))

export default function () {
  show('load in vu', () => client.load([], 'x'))
  show('loadProtoset in vu', () => client.loadProtoset('x'))
  show('invoke unconnected', () => client.invoke(hello, {}))
  show('stream unconnected', () => new Stream(client, hello))
  show('stream of nothing', () => new Stream())
  show('stream of an object', () => new Stream({}, hello))
  const quick = { plaintext: true, timeout: '800ms' }
  show('refused', () => client.connect('127.0.0.1:1', quick))
  show('no port', () => client.connect('127.0.0.1', quick))
  show('empty', () => client.connect('', quick))
  show('undefined', () => client.connect(undefined, quick))
  show('plain to tls', () => client.connect(server.tls, quick))
  show('tls to plain', () => client.connect(server.plain, { timeout: '800ms' }))
  show('unknown authority', () => client.connect(server.tls, { timeout: '800ms' }))
  show('tls', () => client.connect(server.tls, { timeout: '5s', tls: { cacerts: server.tlsCA } }))
  show('call over tls', () => client.invoke(hello, { greeting: 'x' }))
  const { clientCert: cert, clientKey: key } = server
  show('mutual tls', () => client.connect(server.mtls, { tls: { cacerts: [server.mtlsCA], cert, key } }))
  show('call over mutual tls', () => client.invoke(hello, { greeting: 'x' }).message)
  show('encrypted key', () => client.connect(server.mtls, { tls: { cacerts: [server.mtlsCA], cert, key: server.clientKeyEncrypted, password: server.clientKeyPassword } }))
  show('wrong password', () => client.connect(server.mtls, { tls: { cacerts: [server.mtlsCA], cert, key: server.clientKeyEncrypted, password: 'wrong' } }))
  show('bad authority', () => client.connect(server.mtls, { tls: { cacerts: ['x'] } }))
  show('bad certificate', () => client.connect(server.mtls, { tls: { cert: 'a', key: 'b' } }))
  show('bad key', () => client.connect(server.mtls, { tls: { cert: 'a', key: 'b', password: 'x' } }))
  for (const params of [{ plaintext: 'x' }, { plaintext: 1 }, { timeout: true }, { timeout: 'x' }, { reflect: 'y' }, { maxReceiveSize: -1 }, { maxReceiveSize: '1' }, { maxReceiveSize: 1.5 }, { maxSendSize: -1 }, { maxSendSize: {} }, { tls: 1 }, { tls: { cert: 1 } }, { tls: { key: 1 } }, { tls: { password: 1 } }, { tls: { cacerts: 1 } }, { tls: { cacerts: [1] } }, { authority: 1 }, { x: 1 }, { reflectMetadata: 1 }, { reflectMetadata: { a: 1 } }, { reflectMetadata: { 'a-bin': 'x' } }, { timeout: -1 }, { plaintext: null }, { tls: null }, 'x']) {
    show(`connect with ${JSON.stringify(params)}`, () => client.connect(server.plain, params))
  }
  show('connect', () => client.connect(server.plain, { plaintext: true }))
  show('connect again', () => client.connect(server.plain, { plaintext: true }))
  show('health', () => client.healthCheck())
  show('health status', () => {
    const { status } = client.healthCheck()
    return [typeof status, status === grpc.HealthCheckServing, status == 1, String(status)]
  })
  show('health down', () => client.healthCheck('down'))
  show('health unknown', () => client.healthCheck('nosuch'))
  for (const method of ['', 'a', 'perfwright.test.v1.Echo/Nothing', undefined]) show(`method ${method}`, () => client.invoke(method, {}))
  show('no request', () => client.invoke(hello))
  show('null request', () => client.invoke(hello, null))
  show('text', () => client.invoke(hello, 'x'))
  show('number', () => client.invoke(hello, 3))
  show('array', () => client.invoke(hello, [3]))
  show('function', () => client.invoke(hello, () => 1))
  show('cyclic', () => {
    const a = {}
    a.a = a
    return client.invoke(hello, a)
  })
  show('toJSON', () => client.invoke(hello, { toJSON: () => ({ greeting: 'from toJSON' }) }).message)
  show('date', () => client.invoke(hello, { greeting: new Date(0) }).message)
  show('String', () => client.invoke(hello, { greeting: new String('boxed') }).message)
  show('map', () => client.invoke(hello, new Map([['greeting', 'x']])).message)
  for (const params of [{ x: 1 }, { metadata: 1 }, { metadata: { a: 1 } }, { metadata: { 'a-bin': 'x' } }, { metadata: { 'a-bin': new Uint8Array([1, 2]) } }, { metadata: { 'a-bin': new Uint8Array([1, 2]).buffer } }, { metadata: { 'A B': 'x' } }, { metadata: { a: 'x\u00e9\n' } }, { timeout: 'x' }, { timeout: true }, { timeout: 0 }, { timeout: '10s' }, { tags: { a: {} } }, { tags: 3 }, { discardResponseMessage: true }, { discardResponseMessage: 0 }, { headers: { a: 'b' } }, { metadata: { ':path': 'x' } }, { metadata: { 'grpc-timeout': '1n' } }, { metadata: [] }, 'x']) {
    show(`invoke with ${JSON.stringify(params)}`, () => client.invoke(hello, { greeting: 'x' }, params))
  }
  show('status', () => {
    const r = client.invoke(hello, { greeting: 'x' })
    return [Object.keys(r), typeof r.status, r.status === grpc.StatusOK, r.status === 0, String(r.status), r.error, Object.keys(r.headers).sort()]
  })
  const fail = (request) => client.invoke('perfwright.test.v1.Echo/Fail', request)
  show('fail', () => fail({ code: 5, message: 'not here é %' }))
  show('fail 99', () => fail({ code: 99, message: 'm' }))
  show('fail without words', () => fail({ code: 2 }))
  show('details', () => fail({ code: 5, message: 'm', details: [{ '@type': 'type.googleapis.com/perfwright.test.v1.HelloReply', reply: 'x' }, { '@type': 'type.googleapis.com/google.protobuf.Duration', value: '3s' }] }))
  show('metadata', () => {
    const r = client.invoke('perfwright.test.v1.Echo/Metadata', {}, { metadata: { 'X-Foo': 'bar', 'b-bin': new Uint8Array([0, 255, 3]) } })
    delete r.message.authority
    delete r.message.userAgent
    return r
  })
  show('deadline', () => client.invoke('perfwright.test.v1.Echo/Sleep', '2s', { timeout: 50 }).error.code)
  show('in time', () => client.invoke('perfwright.test.v1.Echo/Sleep', '0.01s'))
  show('many answers', () => client.invoke('perfwright.test.v1.Streams/Count', { to: 3 }))
  show('no answer', () => client.invoke('perfwright.test.v1.Streams/Count', { to: 0 }))
  show('one of many', () => client.invoke('perfwright.test.v1.Streams/Sum', { value: 3 }))
  show('too big', () => client.invoke('perfwright.test.v1.Echo/Big', { bytes: 5000000 }).error)
  show('close', () => client.close())
  show('close again', () => client.close())
  show('invoke closed', () => client.invoke(hello, {}))
  show('small', () => client.connect(server.plain, { plaintext: true, maxReceiveSize: 10, maxSendSize: 20 }))
  show('too big to receive', () => client.invoke('perfwright.test.v1.Echo/Big', { bytes: 11 }))
  show('too big to send', () => client.invoke(hello, { greeting: '012345678901234567890123456789' }))
  client.close()
}
