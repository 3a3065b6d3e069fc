/** A customer of the shop under test. */
export interface Reply {
  readonly status: number
  readonly bytes: number
  readonly queries: number
  // biome-ignore lint/suspicious/noExplicitAny: the answers of nine endpoints, of which each test knows its own.
  readonly body: any
}

export async function call(
  url: string,
  path: string,
  options: { token?: string; json?: unknown; method?: string } = {},
): Promise<Reply> {
  const response = await fetch(url + path, {
    method: options.method ?? (options.json === undefined ? 'GET' : 'POST'),
    headers: options.token === undefined ? {} : { authorization: `Bearer ${options.token}` },
    ...(options.json === undefined ? {} : { body: JSON.stringify(options.json) }),
  })
  const text = await response.text()
  return {
    status: response.status,
    bytes: text.length,
    queries: Number(/desc="(\d+) queries"/.exec(response.headers.get('server-timing') ?? '')?.[1]),
    body: JSON.parse(text),
  }
}

/** @returns a token of demo user number `user` */
export async function logIn(url: string, user = 1): Promise<string> {
  const username = `user${String(user).padStart(4, '0')}`
  const reply = await call(url, '/login', { json: { username, password: 'perfwright-demo' } })
  if (reply.status !== 200) throw new Error(`${username} cannot log in: ${JSON.stringify(reply.body)}`)
  return reply.body.token as string
}
