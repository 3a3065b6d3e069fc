/** Mutated HTTP/1 responses against the parser, cut anywhere; some of them over a real socket, through the connection. */
import * as net from 'node:net'
import { type Random, seededRandom } from '#base/random.js'
import { maxBodyBytes, ResponseParser } from '#engine/native/http1/parser.js'
import { sharedRead } from '#engine/native/http1/socket-reader.js'
import { client } from '#engine/native/http1/testing/servers.js'
import { mutate, randomResponse } from '#engine/native/http1/testing/responses.js'
import type { Fuzz } from './protocol.js'

/** Every so many responses one goes over a socket. */
const socketEvery = 500

export const fuzz: Fuzz = async ({ count, seed, progress }) => {
  const random = seededRandom(seed)
  const outcomes: Record<string, number> = { accepted: 0, refused: 0, 'over sockets': 0 }
  const parserBench = createParserBench()
  const socketBench = await createSocketBench()
  try {
    for (let done = 0; done < count; done++) {
      const valid = randomResponse(random)
      const bytes = mutate(valid.bytes, random)
      try {
        outcomes[parserBench(bytes, valid.head, random)]!++
        if (done % socketEvery === 0) {
          await socketBench.try(bytes, valid.head, random)
          outcomes['over sockets']!++
        }
      } catch (error) {
        const text = JSON.stringify(bytes.toString('latin1'))
        throw new Error(`case ${done} of seed ${seed}: ${(error as Error).message} ${text}`, { cause: error })
      }
      progress(done + 1)
    }
  } finally {
    socketBench.close()
  }
  return outcomes
}

/** One parser and one header memo for all, as a connection has them: what one response leaves must not harm the next. */
function createParserBench(): (bytes: Buffer, head: boolean, random: Random) => 'accepted' | 'refused' {
  const budget = { usedBytes: 0 }
  const memo = { memo: undefined }
  // Where plain sockets read: what has come before is compared with it.
  const shared = sharedRead.buffer
  let parser = new ResponseParser(budget, true)
  return (bytes, head, random) => {
    parser.start(head, random() < 0.2, memo)
    let at = 0
    while (at < bytes.length && !parser.done && parser.error === '') {
      const most = random() < 0.3 ? 4 : bytes.length
      const size = Math.min(bytes.length - at, shared.length, 1 + Math.floor(random() * most))
      bytes.copy(shared, 0, at, at + size)
      const used = parser.feed(shared, 0, size)
      if (used < 0 || used > size) throw new Error(`took ${used} of ${size} bytes`)
      if (used < size && !parser.done && parser.error === '') throw new Error('left bytes without an answer')
      at += used
    }
    if (!parser.done && parser.error === '') parser.eof()
    if (parser.done === (parser.error !== '')) throw new Error('neither finished nor failed')
    const { error, body } = parser
    if (body !== undefined && body.length > maxBodyBytes) throw new Error(`a body of ${body.length} bytes`)
    parser.body = undefined
    if (error === '') return 'accepted'
    // A connection ends with its first error.
    parser.drop()
    if (budget.usedBytes !== 0) throw new Error(`${budget.usedBytes} bytes of the budget are not given back`)
    parser = new ResponseParser(budget, true)
    return 'refused'
  }
}

interface SocketBench {
  try(bytes: Buffer, head: boolean, random: Random): Promise<void>
  close(): void
}

async function createSocketBench(): Promise<SocketBench> {
  let answer: (socket: net.Socket) => void = () => undefined
  const sockets = new Set<net.Socket>()
  const server = net.createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
    socket.on('data', () => answer(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as net.AddressInfo
  const us = client()
  return {
    async try(bytes, head, random) {
      const cut = Math.floor(random() * bytes.length)
      const resets = random() < 0.1
      answer = (socket) => {
        socket.write(bytes.subarray(0, cut))
        setImmediate(() => {
          if (resets) socket.resetAndDestroy()
          else socket.end(bytes.subarray(cut))
        })
      }
      const response = await us.get(`http://127.0.0.1:${port}/`, {
        ...(head ? { method: 'HEAD' } : {}),
        timeoutMs: 30_000,
      })
      if (response.error.includes('timeout')) throw new Error('the answer never ended')
      if ((response.errorCode === 0) !== response.status > 0) throw new Error('neither a status nor an error')
    },
    close() {
      us.close()
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
