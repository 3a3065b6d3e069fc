// k6: 2
// needs-grpc
// args: --vus 2 --iterations 6
import grpc, { Client, Stream } from 'k6/net/grpc'
import { check, group } from 'k6'

const server = JSON.parse(__ENV.GRPC_SERVER)
const client = new Client()
client.load([__ENV.GRPC_PROTOS], 'echo.proto')

const some = ['min>=0']
const count = (n) => [`count==${n}`]
export const options = {
  thresholds: {
    'grpc_req_duration{method:Hello,service:perfwright.test.v1.Echo,status:0,rpc_type:,group:}': some,
    'grpc_req_duration{name:/perfwright.test.v1.Echo/Hello}': some,
    [`grpc_req_duration{url:${server.plain}/perfwright.test.v1.Echo/Hello}`]: some,
    'grpc_req_duration{name:mine,mine:yes,group:::g}': some,
    'grpc_req_duration{status:5,method:Fail}': some,
    'grpc_req_duration{method:Count,status:0}': some,
    'grpc_req_duration{scenario:default}': some,
    grpc_streams: count(6),
    'grpc_streams{method:Count}': count(6),
    'grpc_streams{status:0}': count(0),
    grpc_streams_msgs_sent: count(6),
    grpc_streams_msgs_received: count(18),
    'grpc_streams_msgs_received{service:perfwright.test.v1.Streams,name:/perfwright.test.v1.Streams/Count}': count(18),
    data_received: ['count>0'],
    data_sent: ['count>0'],
  },
}

export default async function () {
  if (__ITER === 0) client.connect(server.plain, { plaintext: true, reflect: true })
  check(client.invoke('perfwright.test.v1.Echo/Hello', { greeting: 'x' }), { ok: (r) => r.status === grpc.StatusOK, greets: (r) => r.message.reply === 'hello x' })
  group('g', () => {
    client.invoke('perfwright.test.v1.Echo/Hello', {}, { tags: { name: 'mine', mine: 'yes' } })
  })
  check(client.invoke('perfwright.test.v1.Echo/Fail', { code: 5 }), { fails: (r) => r.status === grpc.StatusNotFound && r.error.code === 5 })
  const r = await client.asyncInvoke('perfwright.test.v1.Echo/Hello', { greeting: 'later' })
  check(r, { async: (r) => r.message.reply === 'hello later' && r.status == 0 })
  await client.asyncInvoke('perfwright.test.v1.Echo/Hello', { greeting: 5 }).catch((e) => check(e, { rejects: (e) => /unable to serialise/.test(String(e)) }))
  const stream = new Stream(client, 'perfwright.test.v1.Streams/Count')
  await new Promise((resolve) => {
    stream.on('end', resolve)
    stream.write({ to: 3 })
  })
}
