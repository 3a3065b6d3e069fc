/** What went wrong on an HTTP/2 connection, in k6's codes and words (1600 to 1699) and in Go's. */
import { canceled, type Fault, fault, ioFault } from '../http1/faults.js'
import { tlsFault } from '../http1/tls-faults.js'
import { h2Code, type Loss } from './types.js'

export function resetFault(streamId: number, errorCode: number, cause: string): Fault {
  const name = errorName(errorCode)
  const detail = `stream error: stream ID ${streamId}; ${name}${cause === '' ? '' : `; ${cause}`}`
  return fault(1630 + offset(errorCode), `http2: stream error with http2 ErrCode ${name}`, detail)
}

/** @param addresses  for the texts of a socket's errors */
export function lossFault(loss: Loss, addresses: { readonly local: string; readonly remote: string }): Fault {
  const name = errorName(loss.errorCode)
  switch (loss.kind) {
    case 'goaway':
      return fault(
        1610 + offset(loss.errorCode),
        `http2: received GoAway with http2 ErrCode ${name}`,
        'http2: server sent GOAWAY and closed the connection; ' +
          `LastStreamID=${loss.lastStreamId}, ErrCode=${name}, debug=${JSON.stringify(loss.text)}`,
      )
    case 'connection error':
      return fault(
        1650 + offset(loss.errorCode),
        `http2: connection error with http2 ErrCode ${name}`,
        `connection error: ${name}`,
      )
    case 'socket': {
      const { error } = loss
      if (error === undefined) return fault(1000, loss.text)
      const { code } = error as NodeJS.ErrnoException
      if (code === undefined || code.startsWith('ERR_')) return tlsFault(error)
      return ioFault(error, 'tcp', addresses.local, addresses.remote)
    }
    case 'closed':
      return canceled
  }
}

/** Go's text when a request on a connection that goes away could be tried nowhere else. */
export const shutDown: Fault = fault(1000, "http2: Transport received Server's graceful shutdown GOAWAY")

function offset(errorCode: number): number {
  return errorCode < names.length ? 1 + errorCode : 0
}

/** As Go prints it. */
export function errorName(errorCode: number): string {
  return names[errorCode] ?? `unknown error code 0x${errorCode.toString(16)}`
}

/** RFC 9113, section 7, in the order of the codes. */
const names = [
  'NO_ERROR',
  'PROTOCOL_ERROR',
  'INTERNAL_ERROR',
  'FLOW_CONTROL_ERROR',
  'SETTINGS_TIMEOUT',
  'STREAM_CLOSED',
  'FRAME_SIZE_ERROR',
  'REFUSED_STREAM',
  'CANCEL',
  'COMPRESSION_ERROR',
  'CONNECT_ERROR',
  'ENHANCE_YOUR_CALM',
  'INADEQUATE_SECURITY',
  'HTTP_1_1_REQUIRED',
]

/** Go tries again after these, for the server has not worked on the stream. */
export function isRetriable(errorCode: number, fromPeer: boolean): boolean {
  return errorCode === h2Code.refusedStream || (errorCode === h2Code.protocolError && fromPeer)
}
