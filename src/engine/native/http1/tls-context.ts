/** TLS settings in k6's and Go's terms, turned into OpenSSL's; contexts are made once and shared by all VUs. */
import { existsSync, readFileSync } from 'node:fs'
import {
  createSecureContext,
  rootCertificates,
  type SecureContext,
  type SecureContextOptions,
  type SecureVersion,
} from 'node:tls'
import type { Options, TlsAuth } from '#config/types.js'

export type TlsOptions = Pick<Options, 'tlsAuth' | 'tlsVersion' | 'tlsCipherSuites'>

export class TlsContexts {
  readonly #options: TlsOptions
  readonly #made = new Map<TlsAuth | undefined, SecureContext>()

  constructor(options: TlsOptions) {
    this.#options = options
  }

  for(host: string): SecureContext {
    const auth = this.#authFor(host)
    let context = this.#made.get(auth)
    if (context === undefined) {
      context = createSecureContext(contextOptions(this.#options, auth))
      this.#made.set(auth, context)
    }
    return context
  }

  #authFor(host: string): TlsAuth | undefined {
    const all = this.#options.tlsAuth
    const named = all.find(({ domains }) => domains.some((domain) => matchesDomain(domain, host)))
    return named ?? all.find(({ domains }) => domains.length === 0)
  }
}

/**
 * A context with the run's versions and ciphers and certificates of its own, as `tls` of grpc's connect gives them.
 * @param authorities  PEM; trusted beside the system's own
 */
export function customContext(
  options: TlsOptions,
  auth: Pick<TlsAuth, 'cert' | 'key'> | undefined,
  authorities: readonly string[],
): SecureContext {
  const { ca, ...rest } = contextOptions(options, auth)
  const trusted = [...(authorities.length > 0 && ca === undefined ? rootCertificates : []), ...authorities]
  return createSecureContext({
    ...rest,
    ...(ca === undefined && trusted.length === 0
      ? {}
      : { ca: [...(ca === undefined ? [] : [ca as string]), ...trusted] }),
  })
}

function matchesDomain(domain: string, host: string): boolean {
  const name = domain.toLowerCase()
  if (name === host || name === '*') return true
  // One label, as in a certificate.
  return name.startsWith('*.') && host.endsWith(name.slice(1)) && !host.slice(0, -name.length + 1).includes('.')
}

function contextOptions(
  options: TlsOptions,
  auth: (Pick<TlsAuth, 'cert' | 'key'> & { readonly password?: string | undefined }) | undefined,
): SecureContextOptions {
  const min = options.tlsVersion?.min
  const max = options.tlsVersion?.max
  const old = min === 'tls1.0' || min === 'tls1.1' || max === 'tls1.0' || max === 'tls1.1'
  const suites = opensslCiphers(options.tlsCipherSuites)
  // OpenSSL 3 speaks TLS below 1.2 only at security level 0.
  const ciphers = old ? `${suites}:@SECLEVEL=0` : suites
  return {
    // Go's client starts at TLS 1.2 when nothing is said.
    minVersion: secureVersions[min ?? ''] ?? (old ? 'TLSv1' : 'TLSv1.2'),
    maxVersion: secureVersions[max ?? ''] ?? 'TLSv1.3',
    ciphers,
    ...(auth === undefined ? {} : { cert: auth.cert, key: auth.key }),
    ...(auth?.password === undefined ? {} : { passphrase: auth.password }),
    ...systemRoots(),
  }
}

const secureVersions: Readonly<Record<string, SecureVersion>> = {
  'tls1.0': 'TLSv1',
  'tls1.1': 'TLSv1.1',
  'tls1.2': 'TLSv1.2',
  'tls1.3': 'TLSv1.3',
}

/** Go trusts what the system trusts, so a company's own CA works without a word; Node's bundled list is the fallback. */
function systemRoots(): { ca?: string } {
  const files = [
    process.env['SSL_CERT_FILE'] ?? '',
    '/etc/ssl/certs/ca-certificates.crt',
    '/etc/pki/tls/certs/ca-bundle.crt',
    '/etc/ssl/ca-bundle.pem',
    '/etc/pki/tls/cacert.pem',
    '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
    '/etc/ssl/cert.pem',
  ]
  const file = files.find((name) => name !== '' && existsSync(name))
  return file === undefined ? {} : { ca: readFileSync(file, 'utf8') }
}

/** TLS 1.3 suites are not configurable in Go; they stay on. */
function opensslCiphers(configured: readonly string[] | undefined): string {
  const names = configured === undefined || configured.length === 0 ? goDefaults : configured
  const list = names.map((name) => goToOpenssl[name]).filter((name) => name !== undefined)
  return [...tls13, ...list].join(':')
}

const tls13 = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256']

/** What Go's client offers below TLS 1.3 when nothing is said, in its order; a server that has none of these refuses k6. */
const goDefaults = [
  'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256',
  'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256',
  'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384',
  'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384',
  'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305',
  'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305',
  'TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA',
  'TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA',
  'TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA',
  'TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA',
]

/** RC4 is in no OpenSSL 3, so it has no name here. */
const goToOpenssl: Readonly<Record<string, string>> = {
  TLS_RSA_WITH_3DES_EDE_CBC_SHA: 'DES-CBC3-SHA',
  TLS_RSA_WITH_AES_128_CBC_SHA: 'AES128-SHA',
  TLS_RSA_WITH_AES_256_CBC_SHA: 'AES256-SHA',
  TLS_RSA_WITH_AES_128_CBC_SHA256: 'AES128-SHA256',
  TLS_RSA_WITH_AES_128_GCM_SHA256: 'AES128-GCM-SHA256',
  TLS_RSA_WITH_AES_256_GCM_SHA384: 'AES256-GCM-SHA384',
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA: 'ECDHE-ECDSA-AES128-SHA',
  TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA: 'ECDHE-ECDSA-AES256-SHA',
  TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA: 'ECDHE-RSA-DES-CBC3-SHA',
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA: 'ECDHE-RSA-AES128-SHA',
  TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA: 'ECDHE-RSA-AES256-SHA',
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: 'ECDHE-RSA-AES128-GCM-SHA256',
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: 'ECDHE-ECDSA-AES128-GCM-SHA256',
  TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384: 'ECDHE-RSA-AES256-GCM-SHA384',
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: 'ECDHE-ECDSA-AES256-GCM-SHA384',
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256: 'ECDHE-ECDSA-AES128-SHA256',
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256: 'ECDHE-RSA-AES128-SHA256',
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305: 'ECDHE-RSA-CHACHA20-POLY1305',
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305: 'ECDHE-ECDSA-CHACHA20-POLY1305',
}
