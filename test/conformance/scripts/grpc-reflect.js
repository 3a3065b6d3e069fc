// k6: 2
// needs-grpc
// ordered
import grpc, { Client } from 'k6/net/grpc'

const server = JSON.parse(__ENV.GRPC_SERVER)
const client = new Client()

function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted)
  if (value === null || typeof value !== 'object' || typeof value.string === 'function') return value
  return Object.fromEntries(Object.keys(value).sort().map((key) => [key, sorted(value[key])]))
}
function show(name, f) {
  try {
    console.log(name, JSON.stringify(sorted(f())))
  } catch (e) {
    console.log(name, 'throws', String(e), e.name)
  }
}

export default function () {
  show('connect', () => client.connect(server.plain, { plaintext: true, reflect: true, reflectMetadata: { a: 'b' } }))
  show('hello', () => client.invoke('perfwright.test.v1.Echo/Hello', { greeting: 'x' }))
  show('health', () => client.invoke('grpc.health.v1.Health/Check', { service: 'down' }).message)
  show('legacy', () => client.invoke('perfwright.test.v1.Echo/Legacy', { id: 3, part: { weight: 1 }, packed: [1, 2] }).message)
  show('any', () => client.invoke('perfwright.test.v1.Echo/All', { any: { '@type': 'a/perfwright.test.v1.HelloReply', reply: 'x' }, renamed: 'y', maybe: 0 }).message)
  show('details', () => client.invoke('perfwright.test.v1.Echo/Fail', { code: 3, details: [{ '@type': 'a/google.protobuf.StringValue', value: 'x' }] }).error)
  show('unknown', () => client.invoke('no.Such/Method', {}))
  show('status', () => client.invoke('perfwright.test.v1.Echo/Hello', {}).status === grpc.StatusOK)
  client.close()
  show('bad metadata', () => client.connect(server.plain, { plaintext: true, reflect: true, reflectMetadata: { 'a b': 'x' } }))
  show('over tls', () => client.connect(server.tls, { reflect: true, tls: { cacerts: server.tlsCA } }))
  client.close()
}
