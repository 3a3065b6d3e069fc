/** URIs of services: as they are read, as they may be shown, and what is said when one is wrong. */
import { ExitCode, PerfwrightError } from '#base/errors.js'

/** @throws PW_OBSERVE_URI */
export function readServiceUri(uri: string, example: string): URL {
  try {
    const url = new URL(uri)
    // `redis:6379` is a URL without a host to the standard, and a typing mistake to us.
    if (url.host !== '' || url.protocol === 'redis:') return url
  } catch {
    // Said below; the parser's own words would repeat a password.
  }
  throw new PerfwrightError({
    code: 'PW_OBSERVE_URI',
    message: `"${withoutPassword(uri)}" is no address of something to observe.`,
    fix: `Write it as ${example}; special characters of a password percent-encoded (@ is %40, / is %2F).`,
    exitCode: ExitCode.usage,
  })
}

/** `host:port`, for people; never user or password. */
export function placeOf(url: URL, defaultPort: number): string {
  return `${url.hostname || '127.0.0.1'}:${url.port || defaultPort}`
}

/** The URI with its password, if any, as `***`. */
export function withoutPassword(uri: string): string {
  return uri
    .replace(/(\/\/[^/?#]*?:)[^/?#]*(@)/, '$1***$2')
    .replace(/([?&](?:password|authMechanismProperties)=)[^&]*/gi, '$1***')
}

/** @throws PW_OBSERVE_UNREACHABLE with the driver's words and how to mend it */
export function unreachable(what: string, error: unknown, fix: string): PerfwrightError {
  return new PerfwrightError({
    code: 'PW_OBSERVE_UNREACHABLE',
    message: `${what} cannot be observed: ${reasonOf(error)}.`,
    fix,
    exitCode: ExitCode.targetUnusable,
    cause: error,
  })
}

/** One line of a driver's error. Node's AggregateError of a name with two addresses has no message of its own. */
export function reasonOf(error: unknown): string {
  const { errors } = error as { errors?: readonly Error[] }
  const message = error instanceof Error ? error.message || errors?.map((one) => one.message).join('; ') : String(error)
  // oxlint-disable-next-line no-control-regex -- what a server says must not reach a terminal as it is.
  return (message || 'no reason given')
    .replace(/[\x00-\x1f\x7f-\x9f]+/g, ' ')
    .replace(/\.$/, '')
    .slice(0, 500)
}

/** @throws PW_OBSERVE_LIBRARY with the line that installs it */
export async function driver<T>(name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load()
  } catch (error) {
    throw new PerfwrightError({
      code: 'PW_OBSERVE_LIBRARY',
      message: `The driver ${name} is not installed.`,
      fix: `npm install ${name}`,
      exitCode: ExitCode.targetUnusable,
      cause: error,
    })
  }
}
