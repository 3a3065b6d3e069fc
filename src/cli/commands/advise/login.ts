/** `--login "POST URL BODY"`: what its answer gives to be known by, as headers of every probe. */
import type { Asker } from '#advise/probe/request.js'
import { ExitCode, PerfwrightError } from '#base/errors.js'
import { usage } from './flags.js'

const tokenNames = ['token', 'access_token', 'accessToken', 'id_token', 'jwt']

/** @throws PW_ADVISE_LOGIN when the answer holds neither a cookie nor a token */
export async function loginHeaders(
  login: string,
  asker: Asker,
  signal: AbortSignal,
): Promise<Readonly<Record<string, string>>> {
  const [, method = 'POST', url = '', body = ''] = /^(?:([A-Z]+)\s+)?(\S+)\s*(.*)$/s.exec(login.trim()) ?? []
  if (!URL.canParse(url)) throw usage('--login takes "POST http://... BODY"')
  const isForm = /^[\w.-]+=/.test(body)
  const headers: Record<string, string> = isForm ? { 'content-type': 'application/x-www-form-urlencoded' } : {}
  const answer = await asker.ask({ method, url, headers, body: body === '' ? undefined : body }, signal)
  const cookies = [...(answer.headers['set-cookie'] ?? '').matchAll(/(?:^|, )([^=;,\s]+=[^;]*)/g)].map(
    ([, pair]) => pair,
  )
  const token = tokenIn(answer.body)
  if (answer.status >= 400 || (cookies.length === 0 && token === undefined)) {
    throw new PerfwrightError({
      code: 'PW_ADVISE_LOGIN',
      message: `${method} ${url} answered ${answer.status}${answer.status >= 400 ? '' : ' with neither a cookie nor a token'}.`,
      where: '--login',
      fix: `Check its body; a token is looked for under ${tokenNames.join(', ')}. --header 'authorization: ...' does without it.`,
      exitCode: ExitCode.targetUnusable,
    })
  }
  return {
    ...(cookies.length === 0 ? {} : { cookie: cookies.join('; ') }),
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  }
}

function tokenIn(body: Buffer): string | undefined {
  try {
    const value = JSON.parse(body.toString('utf8')) as Record<string, unknown>
    const found = tokenNames.map((name) => value[name]).find((one) => typeof one === 'string')
    // A header holds no line feeds, whatever the server says.
    return typeof found === 'string' && /^[\x21-\x7e]{1,8000}$/.test(found) ? found : undefined
  } catch {
    return undefined
  }
}
