/** TLS failures in Go's order and words: first the leaf's dates, then its names, then its chain. */
import { isIP } from 'node:net'
import type { DetailedPeerCertificate, TLSSocket } from 'node:tls'
import { checkServerIdentity } from 'node:tls'
import { type Fault, fault } from './faults.js'
import { bigIntToIp, ipToBigInt } from './ip.js'

/** The peer's certificate judged; undefined when it is good. */
export function verifyPeer(socket: TLSSocket, host: string): Fault | undefined {
  const cert = socket.getPeerCertificate(true)
  if (cert.raw === undefined) return fault(1000, 'tls: received empty certificates message')
  const now = new Date()
  const expired = now > new Date(cert.valid_to) || now < new Date(cert.valid_from)
  if (expired) {
    const late = now > new Date(cert.valid_to)
    const when = `current time ${goTime(now)} is ${late ? 'after' : 'before'} ${goTime(new Date(late ? cert.valid_to : cert.valid_from))}`
    const text = `x509: certificate has expired or is not yet valid: ${when}`
    return fault(1000, text, verifyPrefix + text)
  }
  const name = nameFault(cert, host)
  if (name !== undefined) return name
  if (socket.authorized) return undefined
  const code = String((socket.authorizationError as unknown as { code?: string })?.code ?? socket.authorizationError)
  if (unknownAuthority.has(code)) {
    return fault(1310, 'x509: unknown authority', `${verifyPrefix}x509: certificate signed by unknown authority`)
  }
  const text = `x509: ${code}`
  return fault(1000, text, verifyPrefix + text)
}

/** An error that OpenSSL reports, during the handshake or after it: TLS 1.3 servers refuse certificates late. */
export function tlsFault(error: Error): Fault {
  const e = error as NodeJS.ErrnoException & { reason?: string }
  const code = e.code ?? ''
  const alert =
    /^ERR_SSL_(?:(?:SSLV3|TLSV1|TLSV13)_)?ALERT_(.*)$/.exec(code) ??
    /^ERR_SSL_(?:TLSV1|TLSV13|SSLV3)_ALERT_(.*)$/.exec(code)
  if (alert !== null) {
    return fault(
      1010,
      `remote error: tls: ${alerts[alert[1] as string] ?? (alert[1] as string).toLowerCase().replaceAll('_', ' ')}`,
    )
  }
  // OpenSSL does not say what it saw; a web server without TLS on the port is by far the usual case.
  if (notTls.has(code)) {
    return fault(
      1301,
      'tls: first record does not look like a TLS handshake',
      'http: server gave HTTP response to HTTPS client',
    )
  }
  if (code === 'ERR_SSL_UNSUPPORTED_PROTOCOL') return fault(1000, 'tls: server selected unsupported protocol version')
  return fault(1300, `tls: ${e.reason ?? e.message}`)
}

const verifyPrefix = 'tls: failed to verify certificate: '

const unknownAuthority = new Set([
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_UNTRUSTED',
  'CERT_REJECTED',
  'INVALID_CA',
])

const notTls = new Set([
  'ERR_SSL_WRONG_VERSION_NUMBER',
  'ERR_SSL_PACKET_LENGTH_TOO_LONG',
  'ERR_SSL_HTTP_REQUEST',
  'ERR_SSL_RECORD_LAYER_FAILURE',
  'EPROTO',
])

/** Go's texts of the alerts, where they are not simply the name. */
const alerts: Readonly<Record<string, string>> = {
  BAD_CERTIFICATE: 'bad certificate',
  CERTIFICATE_EXPIRED: 'expired certificate',
  CERTIFICATE_REVOKED: 'revoked certificate',
  CERTIFICATE_UNKNOWN: 'unknown certificate',
  CERTIFICATE_REQUIRED: 'certificate required',
  DECODE_ERROR: 'error decoding message',
  DECRYPT_ERROR: 'error decrypting message',
  HANDSHAKE_FAILURE: 'handshake failure',
  ILLEGAL_PARAMETER: 'illegal parameter',
  INSUFFICIENT_SECURITY: 'insufficient security level',
  INTERNAL_ERROR: 'internal error',
  NO_APPLICATION_PROTOCOL: 'no application protocol',
  PROTOCOL_VERSION: 'protocol version not supported',
  UNEXPECTED_MESSAGE: 'unexpected message',
  UNKNOWN_CA: 'unknown certificate authority',
  UNRECOGNIZED_NAME: 'unrecognized name',
  UNSUPPORTED_CERTIFICATE: 'unsupported certificate',
}

function nameFault(cert: DetailedPeerCertificate, host: string): Fault | undefined {
  const sans = subjectAltNames(cert.subjectaltname)
  if (isIP(host) !== 0) {
    const wanted = ipToBigInt(host)
    if (sans.ips.some((ip) => isIP(ip) === isIP(host) && ipToBigInt(ip) === wanted)) return undefined
    if (sans.ips.length === 0) {
      return hostnameFault(`x509: cannot validate certificate for ${host} because it doesn't contain any IP SANs`)
    }
    return hostnameFault(`x509: certificate is valid for ${sans.ips.map(canonicalIp).join(', ')}, not ${host}`)
  }
  // Go looks at alternative names only; OpenSSL would fall back to the common name.
  if (sans.dns.length > 0 && checkServerIdentity(host, cert) === undefined) return undefined
  const commonName = String(cert.subject?.CN ?? '')
  if (sans.dns.length === 0 && sans.ips.length === 0 && commonName.toLowerCase() === host) {
    return hostnameFault('x509: certificate relies on legacy Common Name field, use SANs instead')
  }
  if (sans.dns.length === 0) {
    return hostnameFault(`x509: certificate is not valid for any names, but wanted to match ${host}`)
  }
  return hostnameFault(`x509: certificate is valid for ${sans.dns.join(', ')}, not ${host}`)
}

function hostnameFault(detail: string): Fault {
  return fault(1311, "x509: certificate doesn't match hostname", verifyPrefix + detail)
}

function subjectAltNames(text: string | undefined): { dns: string[]; ips: string[] } {
  const dns: string[] = []
  const ips: string[] = []
  for (const part of (text ?? '').split(', ')) {
    if (part.startsWith('DNS:')) dns.push(part.slice(4))
    else if (part.startsWith('IP Address:')) ips.push(part.slice(11))
  }
  return { dns, ips }
}

function canonicalIp(ip: string): string {
  const version = isIP(ip)
  return version === 0 ? ip : bigIntToIp(ipToBigInt(ip), version as 4 | 6)
}

/** Go prints the current time in the local zone and the limits in UTC, to the second (RFC 3339). */
function goTime(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`
}
