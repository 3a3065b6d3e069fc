// One unary call and two checks an iteration; every VU has a connection of its own, as in k6.
import grpc from 'k6/net/grpc'
import { check } from 'k6'

const client = new grpc.Client()
client.load([__ENV.PROTOS], 'echo.proto')

export default function () {
  if (__ITER === 0) client.connect(__ENV.ADDRESS, { plaintext: true })
  const response = client.invoke('perfwright.test.v1.Echo/Hello', { greeting: 'bench' })
  check(response, {
    'status is OK': (r) => r.status === grpc.StatusOK,
    'greets back': (r) => r.message.reply === 'hello bench',
  })
}
