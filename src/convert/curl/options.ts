/** curl's options that take a value, and those that do not: enough to find the words that are URLs. */

export interface CurlOption {
  readonly name: string
  readonly takes: boolean
}

const WITH_VALUE =
  'request header data data-ascii data-binary data-raw data-urlencode json form form-string user cookie user-agent referer ' +
  'url url-query upload-file output write-out max-time connect-timeout cookie-jar proxy proxy-user cert key cacert capath ' +
  'ciphers resolve connect-to interface retry retry-delay retry-max-time limit-rate max-redirs oauth2-bearer aws-sigv4 ' +
  'range config dump-header trace trace-ascii unix-socket tls-max tlsv1-max cert-type key-type pass proto proto-redir ' +
  'noproxy max-filesize keepalive-time local-port dns-servers doh-url socks5 socks5-hostname socks4 stderr variable ' +
  'time-cond etag-save etag-compare expect100-timeout happy-eyeballs-timeout-ms rate parallel-max speed-limit speed-time'
const WITHOUT =
  'get head location location-trusted insecure compressed silent show-error include verbose fail globoff no-buffer progress-bar ' +
  'http1.0 http1.1 http2 http2-prior-knowledge http3 remote-name remote-header-name tlsv1 tlsv1.0 tlsv1.1 tlsv1.2 tlsv1.3 ' +
  'ipv4 ipv6 basic digest ntlm negotiate anyauth parallel create-dirs disable fail-with-body path-as-is no-keepalive ' +
  'post301 post302 post303 raw tcp-nodelay tr-encoding netrc junk-session-cookies ssl sslv3 styled-output'

/** By long name. */
export const OPTIONS: Readonly<Record<string, CurlOption | undefined>> = Object.assign(
  Object.create(null) as Record<string, CurlOption | undefined>,
  Object.fromEntries([
    ...WITH_VALUE.split(' ').map((name) => [name, { name, takes: true }] as const),
    ...WITHOUT.split(' ').map((name) => [name, { name, takes: false }] as const),
  ]),
)

/** Long names by letter. */
export const SHORT: Readonly<Record<string, string | undefined>> = Object.assign(
  Object.create(null) as Record<string, string | undefined>,
  {
    X: 'request',
    H: 'header',
    d: 'data',
    F: 'form',
    u: 'user',
    b: 'cookie',
    A: 'user-agent',
    e: 'referer',
    T: 'upload-file',
    o: 'output',
    w: 'write-out',
    m: 'max-time',
    c: 'cookie-jar',
    x: 'proxy',
    U: 'proxy-user',
    E: 'cert',
    r: 'range',
    K: 'config',
    D: 'dump-header',
    G: 'get',
    I: 'head',
    L: 'location',
    k: 'insecure',
    s: 'silent',
    S: 'show-error',
    i: 'include',
    v: 'verbose',
    f: 'fail',
    g: 'globoff',
    N: 'no-buffer',
    '#': 'progress-bar',
    '0': 'http1.0',
    O: 'remote-name',
    J: 'remote-header-name',
    '4': 'ipv4',
    '6': 'ipv6',
    q: 'disable',
    Z: 'parallel',
    n: 'netrc',
    z: 'time-cond',
    j: 'junk-session-cookies',
  },
)
