// A unary call over one connection a VU.
import { check } from 'k6'
import grpc from 'k6/net/grpc'
import { time } from './lib.js'

const address = __ENV.GRPC_ADDRESS || '127.0.0.1:50051'
const client = new grpc.Client()
client.load([], 'hello.proto')

export const options = { vus: 4, duration: time(60), thresholds: { grpc_req_duration: ['p(95)<200'], checks: ['rate==1'] } }

export default function () {
  if (__ITER === 0) client.connect(address, { plaintext: true })
  const response = client.invoke('hello.Greeter/SayHello', { name: 'perfwright' })
  check(response, {
    'status is OK': (r) => r && r.status === grpc.StatusOK,
    'it greets': (r) => r.message.message === 'Hello perfwright',
  })
}
