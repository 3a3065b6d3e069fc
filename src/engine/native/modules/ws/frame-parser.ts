/**
 * Incremental parser of the frames that a server sends (RFC 6455, 5): bytes in, in pieces of any size, messages out. What
 * breaks the protocol is told in gorilla/websocket's words, because k6's users see them. Everything that a peer can make
 * grow has a bound.
 */
import { isUtf8 } from 'node:buffer'
import { opcodes } from './frame-writer.js'

/** Bytes of one message; k6 has no limit and dies of memory. */
export const maxMessageBytes = 268_435_456
/** Bytes that all unfinished messages of a worker may hold together. */
const maxUnfinishedBytes = 1_073_741_824

/** Unfinished bytes of every parser that shares it. */
export interface MessageBudget {
  usedBytes: number
}

export interface FrameEvents {
  /** A whole message: bytes `start..end` of `buf`, valid until this returns. */
  onMessage(buf: Buffer, start: number, end: number, binary: boolean, compressed: boolean): void
  onPing(payload: Buffer): void
  onPong(payload: Buffer): void
  /** `code` is 1005 when the frame carried none. */
  onClose(code: number, reason: string): void
  /** The peer broke the protocol: tell it by `code`. Nothing is parsed any more. */
  onFault(reason: string, code: 1002 | 1009): void
}

const inHead = 0
const inData = 1
const inControl = 2
const stopped = 3

export class FrameParser {
  readonly #events: FrameEvents
  readonly #budget: MessageBudget
  readonly #compression: boolean
  #state = inHead
  /** A head that was cut in two; 0 bytes of it most of the time. */
  #head: Buffer | undefined
  #headFill = 0
  #opcode = 0
  #final = true
  #left = 0
  /** Of the message under way, which may have several frames. */
  #inMessage = false
  #binary = false
  #compressed = false
  #message: Buffer | undefined
  #fill = 0
  #reserved = 0
  #control: Buffer | undefined
  #controlFill = 0

  /** @param compression  permessage-deflate was agreed on: RSV1 is allowed */
  constructor(events: FrameEvents, budget: MessageBudget, compression: boolean) {
    this.#events = events
    this.#budget = budget
    this.#compression = compression
  }

  /** Takes bytes `start..end` of `buf`, which it does not keep. */
  feed(buf: Buffer, start: number, end: number): void {
    let at = start
    while (at < end && this.#state !== stopped) {
      if (this.#state === inHead) at = this.#readHead(buf, at, end)
      else if (this.#state === inData) at = this.#readData(buf, at, end)
      else at = this.#readControl(buf, at, end)
    }
  }

  /** Gives back what an unfinished message holds; nothing is parsed any more. */
  stop(): void {
    this.#state = stopped
    this.#release()
  }

  #readHead(buf: Buffer, start: number, end: number): number {
    if (this.#headFill === 0) {
      const need = end - start < 2 ? 2 : headBytes(buf[start + 1] as number)
      if (end - start >= need) {
        this.#begin(buf, start)
        return start + need
      }
    }
    const head = (this.#head ??= Buffer.allocUnsafe(10))
    let at = start
    while (at < end) {
      head[this.#headFill++] = buf[at++] as number
      if (this.#headFill < 2) continue
      // What is wrong with the first two bytes is said without waiting for the rest.
      if (
        this.#headFill === 2 &&
        headBytes(head[1] as number) > 2 &&
        !this.#allowed(head[0] as number, head[1] as number)
      )
        return end
      if (this.#headFill === headBytes(head[1] as number)) {
        this.#headFill = 0
        this.#begin(head, 0)
        break
      }
    }
    return at
  }

  #begin(head: Buffer, at: number): void {
    const first = head[at] as number
    const second = head[at + 1] as number
    if (!this.#allowed(first, second)) return
    const opcode = first & 0x0f
    let length = second & 0x7f
    if (length === 126) length = head.readUInt16BE(at + 2)
    else if (length === 127) {
      // Beyond 2^53 it is no exact number any more, and far too long either way.
      length = head.readUInt32BE(at + 2) * 0x1_0000_0000 + head.readUInt32BE(at + 6)
    }
    this.#opcode = opcode
    this.#final = (first & 0x80) !== 0
    this.#left = length
    if (opcode >= opcodes.close) {
      this.#controlFill = 0
      if (length === 0) this.#endControl(none, 0, 0)
      else this.#state = inControl
      return
    }
    if (opcode !== opcodes.continuation) {
      this.#inMessage = true
      this.#binary = opcode === opcodes.binary
      this.#compressed = (first & 0x40) !== 0
    }
    if (this.#fill + length > maxMessageBytes) {
      this.#fault('read limit exceeded', 1009)
      return
    }
    this.#state = inData
    // A frame without payload has nothing to wait for.
    if (length === 0) this.#endFrame(none, 0, 0)
  }

  #allowed(first: number, second: number): boolean {
    // The usual frame: final, no reserved bit, text or binary, unmasked, nothing before it.
    if ((first === 0x81 || first === 0x82) && second < 0x80 && !this.#inMessage) return true
    const problems = this.#problems(first, second)
    if (problems === '') return true
    this.#fault(problems, 1002)
    return false
  }

  #problems(first: number, second: number): string {
    const found: string[] = []
    const opcode = first & 0x0f
    const final = (first & 0x80) !== 0
    if ((first & 0x40) !== 0 && !this.#compression) found.push('RSV1 set')
    if ((first & 0x20) !== 0) found.push('RSV2 set')
    if ((first & 0x10) !== 0) found.push('RSV3 set')
    if (opcode === opcodes.close || opcode === opcodes.ping || opcode === opcodes.pong) {
      if ((second & 0x7f) > 125) found.push('len > 125 for control')
      if (!final) found.push('FIN not set on control')
    } else if (opcode === opcodes.text || opcode === opcodes.binary) {
      if (this.#inMessage) found.push('data before FIN')
    } else if (opcode === opcodes.continuation) {
      if (!this.#inMessage) found.push('continuation after FIN')
    } else found.push(`bad opcode ${opcode}`)
    if ((second & 0x80) !== 0) found.push('bad MASK')
    return found.join(', ')
  }

  #readData(buf: Buffer, start: number, end: number): number {
    const left = this.#left
    if (end - start >= left) {
      this.#endFrame(buf, start, start + left)
      return start + left
    }
    this.#keep(buf, start, end)
    this.#left = left - (end - start)
    return end
  }

  #endFrame(buf: Buffer, start: number, end: number): void {
    if (!this.#final) {
      this.#keep(buf, start, end)
      if (this.#state !== stopped) this.#state = inHead
      return
    }
    this.#state = inHead
    this.#inMessage = false
    if (this.#message === undefined) {
      this.#events.onMessage(buf, start, end, this.#binary, this.#compressed)
      return
    }
    this.#keep(buf, start, end)
    const message = this.#message
    const length = this.#fill
    this.#release()
    if ((this.#state as number) !== stopped) this.#events.onMessage(message, 0, length, this.#binary, this.#compressed)
  }

  /** Into one buffer that doubles: a thousand tiny fragments cost no more than their bytes. */
  #keep(buf: Buffer, start: number, end: number): void {
    const need = this.#fill + (end - start)
    let message = this.#message
    if (message === undefined || message.length < need) {
      const size = Math.max(need, Math.min(2 * (message?.length ?? 0), maxMessageBytes), 256)
      if (this.#budget.usedBytes + size - this.#reserved > maxUnfinishedBytes) {
        this.#fault('read limit exceeded', 1009)
        return
      }
      this.#budget.usedBytes += size - this.#reserved
      this.#reserved = size
      const grown = Buffer.allocUnsafeSlow(size)
      if (message !== undefined) message.copy(grown, 0, 0, this.#fill)
      message = grown
      this.#message = grown
    }
    buf.copy(message, this.#fill, start, end)
    this.#fill = need
  }

  #readControl(buf: Buffer, start: number, end: number): number {
    if (this.#controlFill === 0 && end - start >= this.#left) {
      this.#endControl(buf, start, start + this.#left)
      return start + this.#left
    }
    const control = (this.#control ??= Buffer.allocUnsafe(125))
    const count = Math.min(end - start, this.#left - this.#controlFill)
    buf.copy(control, this.#controlFill, start, start + count)
    this.#controlFill += count
    if (this.#controlFill === this.#left) this.#endControl(control, 0, this.#left)
    return start + count
  }

  #endControl(buf: Buffer, start: number, end: number): void {
    this.#state = inHead
    if (this.#opcode === opcodes.ping) this.#events.onPing(Buffer.from(buf.subarray(start, end)))
    else if (this.#opcode === opcodes.pong) this.#events.onPong(Buffer.from(buf.subarray(start, end)))
    else this.#close(buf.subarray(start, end))
  }

  #close(payload: Buffer): void {
    if (payload.length < 2) {
      this.stop()
      this.#events.onClose(1005, '')
      return
    }
    const code = payload.readUInt16BE(0)
    if (!isCloseCode(code)) return this.#fault(`bad close code ${code}`, 1002)
    const text = payload.subarray(2)
    if (!isUtf8(text)) return this.#fault('invalid utf8 payload in close frame', 1002)
    this.stop()
    this.#events.onClose(code, text.toString('utf8'))
  }

  #fault(reason: string, code: 1002 | 1009): void {
    this.stop()
    this.#events.onFault(reason, code)
  }

  #release(): void {
    this.#budget.usedBytes -= this.#reserved
    this.#reserved = 0
    this.#message = undefined
    this.#fill = 0
  }
}

function headBytes(second: number): number {
  const length = second & 0x7f
  return length < 126 ? 2 : length === 126 ? 4 : 10
}

/** Codes that may stand in a close frame: https://www.iana.org/assignments/websocket/#close-code-number */
function isCloseCode(code: number): boolean {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1013) || (code >= 3000 && code <= 4999)
}

const none = Buffer.alloc(0)
