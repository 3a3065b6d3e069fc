import { afterEach, describe, expect, it } from 'vitest'
import { systemClock } from '#base/clock.js'
import { deadPort, httpReceiver, type Receiver } from '../testing/receiver.js'
import { Delivery, DeliveryError, type DeliveryOptions } from './delivery.js'
import { HttpPost, judge } from './http-post.js'

const open: { close(): unknown }[] = []
afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
})

const text = (receiver: Receiver): string[] => receiver.requests.map(({ body }) => body.toString())

function deliver(port: number, extra: Partial<DeliveryOptions> = {}, timeoutNs = 5e9) {
  const warnings: string[] = []
  const post = new HttpPost({ clock: systemClock, timeoutNs, connections: extra.concurrency ?? 1 })
  open.push(post)
  const url = new URL(`http://127.0.0.1:${port}/write`)
  const delivery = new Delivery({
    description: 'test (here)',
    unit: 'samples',
    clock: systemClock,
    warn: (message) => warnings.push(message),
    send: async (body, signal) => judge(await post.send(url, body, {}, signal)),
    ...extra,
  })
  return { warnings, delivery, push: (body: string, samples = 1) => delivery.push(Buffer.from(body), samples) }
}

async function receiverThat(answer?: Parameters<typeof httpReceiver>[0]): Promise<Receiver> {
  const receiver = await httpReceiver(answer)
  open.push(receiver)
  return receiver
}

describe('a receiver that takes everything', () => {
  it('gets it in order, and nothing is lost or said', async () => {
    const receiver = await receiverThat()
    const { delivery, push, warnings } = deliver(receiver.port)
    for (let i = 0; i < 50; i++) push(`parcel ${i}`)
    expect(await delivery.close(5e9)).toBeUndefined()
    expect(text(receiver)).toEqual(Array.from({ length: 50 }, (_, i) => `parcel ${i}`))
    expect(warnings).toEqual([])
  })

  it('gets several at the same time, as many as were asked for and no more', async () => {
    const waiting: (() => void)[] = []
    let most = 0
    const receiver = await receiverThat((response) => {
      waiting.push(() => response.writeHead(204).end())
      most = Math.max(most, waiting.length)
      if (waiting.length === 4) for (const answer of waiting.splice(0)) answer()
    })
    const { delivery, push } = deliver(receiver.port, { concurrency: 4 })
    for (let i = 0; i < 12; i++) push(`${i}`)
    expect(await delivery.close(5e9)).toBeUndefined()
    expect(most).toBe(4)
    expect(receiver.requests).toHaveLength(12)
  })
})

describe('a receiver in trouble', () => {
  it.each([
    ['answers 500', (n: number) => (n < 2 ? 500 : 204)],
    ['answers 429', (n: number) => (n < 2 ? 429 : 204)],
    ['answers 503', (n: number) => (n < 1 ? 503 : 204)],
  ])('that %s for a while loses nothing, and the order stays', async (_, status) => {
    const receiver = await receiverThat((response, n) => response.writeHead(status(n)).end('busy'))
    const { delivery, push, warnings } = deliver(receiver.port)
    for (const body of ['a', 'b', 'c']) push(body)
    expect(await delivery.close(10e9)).toBeUndefined()
    expect(text(receiver).slice(-3)).toEqual(['a', 'b', 'c'])
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toMatch(/^The output test \(here\) is in trouble: it answered \d+: busy\. The run goes on/)
  })

  it('that closes connections gets the parcel on a new one', async () => {
    const receiver = await receiverThat((response, n) =>
      n === 0 ? response.socket?.destroy() : response.writeHead(204).end(),
    )
    const { delivery, push } = deliver(receiver.port)
    push('a')
    expect(await delivery.close(10e9)).toBeUndefined()
    expect(text(receiver)).toEqual(['a', 'a'])
  })

  it('that breaks off its answer is asked again', async () => {
    const receiver = await receiverThat((response, n) => {
      if (n > 0) return void response.writeHead(204).end()
      response.writeHead(200, { 'Content-Length': '100' })
      response.write('half', () => response.socket?.destroy())
    })
    const { delivery, push } = deliver(receiver.port)
    push('a')
    expect(await delivery.close(10e9)).toBeUndefined()
    expect(receiver.requests).toHaveLength(2)
  })

  it('that does not like a parcel costs that parcel only, with what it says', async () => {
    const receiver = await receiverThat((response, n) => response.writeHead(n === 1 ? 400 : 204).end('bad label'))
    const { delivery, push, warnings } = deliver(receiver.port)
    for (const body of ['a', 'b', 'c']) push(body, 7)
    expect(await delivery.close(10e9)).toEqual({
      output: 'test (here)',
      samples: 7,
      unit: 'samples',
      why: 'it answered 400: bad label',
    })
    expect(warnings).toEqual(['The output test (here) loses samples: it answered 400: bad label. The run goes on.'])
    expect(receiver.requests).toHaveLength(3)
  })

  it('that is not there is given up at the end, all counted, said once', async () => {
    const port = await deadPort()
    const { delivery, push, warnings } = deliver(port)
    for (let i = 0; i < 100; i++) push('x', 10)
    expect(await delivery.close(0.2e9)).toEqual({
      output: 'test (here)',
      samples: 1000,
      unit: 'samples',
      why: `connection to 127.0.0.1:${port} refused`,
    })
    expect(warnings).toHaveLength(1)
  })

  it('that stands still is given up at the end, with what was under way', async () => {
    const receiver = await receiverThat(() => {})
    const { delivery, push } = deliver(receiver.port)
    push('a', 3)
    push('b', 4)
    expect(await delivery.close(0.3e9)).toMatchObject({ samples: 7, why: 'it stands still' })
    push('late', 2)
    expect(receiver.requests).toHaveLength(1)
  })

  it('that does not answer in time is asked again on a new connection', async () => {
    const receiver = await receiverThat((response, n) => {
      if (n > 0) response.writeHead(204).end()
    })
    const { delivery, push } = deliver(receiver.port, {}, 0.2e9)
    push('a')
    expect(await delivery.close(10e9)).toBeUndefined()
    expect(text(receiver)).toEqual(['a', 'a'])
  })

  it('that answers without end is not listened to without end', async () => {
    const receiver = await receiverThat((response) => {
      response.writeHead(200)
      const more = (): void => {
        if (!response.destroyed) response.write(Buffer.alloc(1 << 16, 'x'), () => setImmediate(more))
      }
      more()
    })
    const { delivery, push } = deliver(receiver.port)
    push('a')
    expect(await delivery.close(10e9)).toBeUndefined()
  })
})

describe('what waits', () => {
  it('is bounded: what does not fit is counted, what fits is sent', async () => {
    let release: () => void = () => {}
    const sent: string[] = []
    const { delivery, push, warnings } = deliver(1, {
      maxWaitingBytes: 100,
      send: async (body) => {
        await new Promise<void>((resolve) => (release = resolve))
        sent.push(Buffer.from(body).toString())
      },
    })
    for (let i = 0; i < 500; i++) push('0123456789', 2)
    // One under way, ten in the queue.
    const closing = delivery.close(10e9)
    for (let i = 0; i < 11; i++) {
      release()
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(await closing).toEqual({
      output: 'test (here)',
      samples: 489 * 2,
      unit: 'samples',
      why: 'it does not take them as fast as the run makes them',
    })
    expect(sent).toHaveLength(11)
    expect(warnings).toHaveLength(1)
  })

  it('never throws at who pushes, whatever the sender does', async () => {
    const { delivery, push } = deliver(1, {
      send: () => Promise.reject(new DeliveryError('no', false)),
    })
    push('a')
    expect(await delivery.close(1e9)).toMatchObject({ samples: 1, why: 'no' })
  })
})
