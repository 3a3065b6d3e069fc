import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { afterEach, describe, expect, it } from 'vitest'
import type { Metric } from '#metrics/types.js'
import { createOutputs } from '../index.js'
import { deadPort, httpReceiver, type Receiver } from '../testing/receiver.js'
import { k6Samples, runOutput, sample, send, testContext } from '../testing/run.js'
import { LineWriter } from './line-protocol.js'

const open: Receiver[] = []
afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
})

async function receiver(answer?: Parameters<typeof httpReceiver>[0]): Promise<Receiver> {
  const made = await httpReceiver(answer)
  open.push(made)
  return made
}

const writes = ({ requests }: Receiver) => requests.filter(({ path }) => path.includes('write'))
const lines = (at: Receiver): string[] => writes(at).flatMap(({ body }) => body.toString().trimEnd().split('\n'))

describe('the line protocol', () => {
  const metric: Metric = { id: 0, name: 'm', type: 'trend', contains: 'default', own: false }
  const line = (
    tags: Record<string, string>,
    value = 1,
    fields: [string, 'string' | 'int' | 'float' | 'bool'][] = [],
  ) =>
    new LineWriter({ fields: new Map(fields), precision: { ns: 1, name: 'ns' } }).line({
      metric,
      tags: { entries: Object.entries(tags) },
      value,
      unixMs: 1,
      metadata: undefined,
    })

  it('escapes what would end a tag, a point or the whole request', () => {
    expect(line({ 'a b': 'c,d=e f', n: 'x\ny', back: 'z\\', empty: '' })).toBe(
      'm,a\\ b=c\\,d\\=e\\ f,n=x\\ny,back=z\\  value=1 1000001\n',
    )
  })

  it('makes fields of tags, of the kind asked for where they are of that kind', () => {
    const fields: [string, 'string' | 'int' | 'float' | 'bool'][] = [
      ['a', 'int'],
      ['b', 'bool'],
      ['c', 'float'],
      ['url', 'string'],
      ['zz', 'int'],
    ]
    expect(line({ a: '7', b: 'T', c: '1.50', k: 'v', url: 'x"\\y', zz: 'no' }, 2, fields)).toBe(
      'm,k=v a=7i,b=true,c=1.5,url="x\\"\\\\y",value=2,zz="no" 1000001\n',
    )
  })

  it('has no word for NaN and infinity', () => {
    expect([line({}, Number.NaN), line({}, Number.POSITIVE_INFINITY)]).toEqual(['', ''])
  })
})

describe('InfluxDB 1', () => {
  it('gets every sample of a k6 run, the database created first, no two points alike', async () => {
    const at = await receiver()
    const samples = k6Samples()
    const losses = await runOutput(`influxdb=http://u:p@127.0.0.1:${at.port}/pre/db1?retention=r`, testContext())
    expect(losses).toEqual([])
    const auth = { authorization: 'Basic dTpw' }
    expect(at.requests).toContainEqual(
      expect.objectContaining({
        path: '/pre/query?q=CREATE+DATABASE+%22db1%22',
        headers: expect.objectContaining(auth),
      }),
    )
    expect(writes(at)[0]).toMatchObject({ path: '/pre/write?db=db1&rp=r&precision=ns', headers: auth })
    expect(lines(at)).toHaveLength(samples.length)
    // A point is its name, tags and time: the value is no part of it.
    const points = lines(at).map((text) => text.replace(/ .*? (?=\d+$)/, ' '))
    expect(new Set(points).size).toBe(samples.length)
    expect(lines(at)[0]).toMatch(/^http_reqs,expected_response=true,.*,status=200 url="http:[^"]+",value=1 \d{19}$/)
  })

  it('is described as k6 does, and finds its settings where k6 does, the argument over the environment', async () => {
    const at = await receiver()
    const env = {
      K6_INFLUXDB_ADDR: 'http://nowhere:1',
      K6_INFLUXDB_DB: 'envdb',
      K6_INFLUXDB_USERNAME: 'eu',
      K6_INFLUXDB_PRECISION: 'ms',
      K6_INFLUXDB_CONSISTENCY: 'all',
      K6_INFLUXDB_TAGS_AS_FIELDS: 'status:int,url',
    }
    const context = testContext({ env })
    const set = await createOutputs([`influxdb=http://127.0.0.1:${at.port}`], context)
    expect(set.descriptions).toEqual([`InfluxDBv1 (http://127.0.0.1:${at.port})`])
    await set.stop(0)
    await runOutput(
      `influxdb=http://127.0.0.1:${at.port}`,
      context,
      [sample('m', 'counter', 1, { unixMs: 5, tags: { status: '200' } })].map((one) => ({ ...one, metric: 'mmm' })),
    )
    expect(writes(at)[0]).toMatchObject({ path: '/write?db=envdb&precision=ms&consistency=all' })
    expect(lines(at)).toEqual(['mmm status=200i,value=1 5'])
  })

  it('takes a bare name for a database on the default host', async () => {
    const set = await createOutputs(['influxdb=mydb'], testContext())
    expect(set.descriptions).toEqual(['InfluxDBv1 (http://localhost:8086)'])
  })

  it('loses nothing to a server that is busy for a while', async () => {
    let busy = 2
    const at = await receiver((response) => response.writeHead(busy-- > 0 ? 503 : 204).end())
    expect(await runOutput(`influxdb=http://127.0.0.1:${at.port}/db`, testContext(), k6Samples(), 20e9)).toEqual([])
    expect(new Set(lines(at)).size).toBe(k6Samples().length)
  })

  it('gets compressed what has to wait for it, and finds it whole', async () => {
    const held: (() => void)[] = []
    const at = await receiver((response) => {
      const answer = (): void => void response.writeHead(204).end()
      if (held.length < 1) held.push(answer)
      else answer()
    })
    const many = Array.from({ length: 60_000 }, (_, i) =>
      sample('mmm', 'counter', i, { tags: { tag: 'x'.repeat(100) } }),
    )
    const set = await createOutputs([`influxdb=http://127.0.0.1:${at.port}/db?concurrentWrites=1`], testContext())
    await set.start()
    send(set, many)
    while (held.length === 0) await new Promise((resolve) => setImmediate(resolve))
    held[0]!()
    expect(await set.stop()).toEqual([])
    expect(writes(at).some(({ headers }) => headers['content-encoding'] === 'gzip')).toBe(true)
    expect(new Set(lines(at).map((text) => / value=(\d+) /.exec(text)![1])).size).toBe(60_000)
  })

  it('goes by UDP too, whole lines in datagrams of the size asked for', async () => {
    const socket = createSocket('udp4')
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    const datagrams: Buffer[] = []
    const all = new Promise<void>((resolve) => {
      socket.on('message', (message) => {
        datagrams.push(message)
        if (datagrams.join('').split('\n').length > k6Samples().length) resolve()
      })
    })
    await runOutput(`influxdb=udp://127.0.0.1:${socket.address().port}?payload_size=700`, testContext())
    await all
    socket.close()
    expect(datagrams.every((one) => one.length <= 700 && one.at(-1) === 10)).toBe(true)
  })

  it.each([
    ['influxdb=http://h:1/db?nope=1', 'unknown query parameter: nope'],
    ['influxdb=http://h:1/db?insecure=maybe', 'insecure must be true or false, not "maybe"'],
    ['influxdb=http://h:1/db?concurrentWrites=0', "influxdb's ConcurrentWrites must be a positive number"],
    ['influxdb=http://h:1/db?tagsAsFields=a&tagsAsFields=a:int', 'a tag name (a) shows up more than once'],
    ['influxdb=http://h:1/db?tagsAsFields=a:date', 'an invalid type (date) is specified for an InfluxDB field (a)'],
    ['influxdb=http://h:1/db?precision=days', 'invalid precision "days"'],
    ['influxdb=http://h:badport/db', '"http://h:badport/db" is no URL'],
    ['influxdb=ftp://h/db', 'is no URL; it should look like'],
    ['xk6-influxdb', 'the Bucket option is required'],
  ])('%s is refused', async (spec, message) => {
    await expect(createOutputs([spec], testContext())).rejects.toMatchObject({
      code: 'PW_OUTPUT_CREATE',
      message: expect.stringContaining(message),
    })
  })

  it('that is away costs samples, every one counted', async () => {
    const port = await deadPort()
    const context = testContext()
    expect(await runOutput(`influxdb=http://127.0.0.1:${port}/db`, context, k6Samples(), 0.1e9)).toMatchObject([
      { samples: k6Samples().length, unit: 'samples', why: `connection to 127.0.0.1:${port} refused` },
    ])
    expect(context.warnings).toHaveLength(1)
  })
})

describe('InfluxDB 2', () => {
  it('gets the samples at its own endpoint, with token, organization and bucket', async () => {
    const at = await receiver()
    const env = {
      K6_INFLUXDB_ORGANIZATION: 'my org',
      K6_INFLUXDB_BUCKET: 'b',
      K6_INFLUXDB_TOKEN: 'tok',
      K6_INFLUXDB_ADDR: `http://127.0.0.1:${at.port}`,
      K6_INFLUXDB_PRECISION: '1ms',
    }
    expect(await runOutput('xk6-influxdb', testContext({ env }))).toEqual([])
    expect(writes(at)[0]).toMatchObject({
      path: '/api/v2/write?org=my+org&bucket=b&precision=ms',
      headers: { authorization: 'Token tok', 'content-type': 'text/plain; charset=utf-8' },
    })
    expect(at.requests.every(({ path }) => path.startsWith('/api/v2/write'))).toBe(true)
    expect(lines(at)).toHaveLength(k6Samples().length)
  })
})
