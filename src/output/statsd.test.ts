import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { afterEach, describe, expect, it } from 'vitest'
import { createOutputs } from './index.js'
import { runOutput, sample, testContext } from './testing/run.js'

const open: Socket[] = []
afterEach(() => {
  for (const socket of open.splice(0)) socket.close()
})

/** Datagrams until so many lines have come. */
async function listener(): Promise<{
  readonly port: number
  lines(n: number): Promise<string[]>
  datagrams: string[]
}> {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 1 << 20 })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  open.push(socket)
  const datagrams: string[] = []
  let arrived: () => void = () => {}
  socket.on('message', (message) => {
    datagrams.push(message.toString())
    arrived()
  })
  const all = (): string[] => datagrams.flatMap((text) => text.split('\n'))
  return {
    port: socket.address().port,
    datagrams,
    lines: async (n) => {
      while (all().length < n) await new Promise<void>((resolve) => (arrived = resolve))
      return all()
    },
  }
}

const samples = [
  sample('reqs', 'counter', 3, { tags: { url: 'u', status: '200', empty: '' } }),
  sample('took', 'trend', 12.5, { contains: 'time' }),
  sample('level', 'gauge', 7),
  sample('failed', 'rate', 1),
  sample('checks', 'rate', 1, { tags: { check: 'is 200' } }),
  sample('checks', 'rate', 0, { tags: { check: 'a|b:c' } }),
]

describe('statsd', () => {
  it('sends what k6 sent: counts, gauges, times, and checks by their names', async () => {
    const at = await listener()
    expect(await runOutput(`statsd=127.0.0.1:${at.port}`, testContext(), samples)).toEqual([])
    expect(await at.lines(6)).toEqual([
      'k6.reqs:3|c',
      'k6.took:12.500000|ms',
      'k6.level:7.000000|g',
      'k6.failed:1|c',
      'k6.check.is 200.pass:1|c',
      'k6.check.a_b_c.fail:1|c',
    ])
    expect(at.datagrams).toHaveLength(1)
  })

  it('sends tags to Datadog, without those that are blocked', async () => {
    const at = await listener()
    await runOutput(`datadog=127.0.0.1:${at.port}`, testContext(), samples)
    expect((await at.lines(6)).slice(0, 2)).toEqual(['k6.reqs:3|c|#status:200', 'k6.took:12.500000|ms'])
  })

  it("finds its settings where k6's extension does", async () => {
    const at = await listener()
    const env = {
      K6_STATSD_ADDR: `127.0.0.1:${at.port}`,
      K6_STATSD_NAMESPACE: 'my.',
      K6_STATSD_ENABLE_TAGS: 'true',
      K6_STATSD_TAG_BLOCKLIST: 'status',
      K6_STATSD_BUFFER_SIZE: '2',
    }
    await runOutput('output-statsd', testContext({ env }), samples)
    expect((await at.lines(6))[0]).toBe('my.reqs:3|c|#url:u')
    expect(at.datagrams).toHaveLength(3)
  })

  it('fills no datagram beyond what a network takes', async () => {
    const at = await listener()
    const many = Array.from({ length: 200 }, (_, i) => sample(`metric_${'x'.repeat(100)}`, 'counter', i))
    await runOutput(`statsd=127.0.0.1:${at.port}`, testContext(), many)
    await at.lines(200)
    expect(Math.max(...at.datagrams.map((text) => text.length))).toBeLessThanOrEqual(1432)
  })

  it('does not mind that nobody listens', async () => {
    expect(await runOutput('statsd=127.0.0.1:1', testContext(), samples)).toEqual([])
  })

  it('counts what a host that is not there does not get', async () => {
    const context = testContext()
    const [loss] = await runOutput('statsd=no-such-host.invalid:8125', context, samples)
    expect(loss).toMatchObject({ samples: 6, why: expect.stringContaining('no-such-host.invalid') })
    expect(context.warnings).toHaveLength(1)
  })

  it.each([
    ['statsd=nowhere', '"nowhere" is no address; it should look like localhost:8125'],
    ['statsd=h:0x1', 'is no address'],
  ])('%s is refused', async (spec, message) => {
    await expect(createOutputs([spec], testContext())).rejects.toMatchObject({
      message: expect.stringContaining(message),
    })
  })
})
