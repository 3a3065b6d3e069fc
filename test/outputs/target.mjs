import { createServer } from 'node:http'

/** What the scripts load: `/`, `/slow`, and nothing else. */
export async function target() {
  const server = createServer((request, response) => {
    if (request.url === '/slow') setTimeout(() => response.end('late'), 150)
    else if (request.url === '/') response.end('hello')
    else response.writeHead(404).end('nothing here')
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    close: () => new Promise((resolve) => server.close(resolve).closeAllConnections()),
  }
}

/** A port that was free a moment ago. */
export async function freePort() {
  const server = createServer()
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address()
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Tries until it does not throw and answers something: daemons take their time. */
export async function until(what, attempt, seconds = 60) {
  let last
  for (const end = Date.now() + seconds * 1000; Date.now() < end; ) {
    try {
      const answer = await attempt()
      if (answer) return answer
    } catch (error) {
      last = error
    }
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  throw new Error(`${what}: not within ${seconds} s${last === undefined ? '' : ` (${last.message})`}`)
}

/** Values that timing decides: compared by name only. */
export const TIMED = /duration|blocked|connecting|handshaking|sending|waiting|receiving|data_sent|data_received/

/**
 * Fails when one side has a key that the other has not, or another value where timing does not decide it.
 * @returns how many were the same
 */
export function compare(theirs, ours) {
  const problems = []
  for (const [key, value] of theirs) {
    if (!ours.has(key)) problems.push(`only k6:   ${key} = ${value}`)
    else if (!TIMED.test(key) && ours.get(key) !== value) problems.push(`k6 ${value}, ours ${ours.get(key)}: ${key}`)
  }
  for (const [key, value] of ours) if (!theirs.has(key)) problems.push(`only ours: ${key} = ${value}`)
  if (theirs.size === 0) problems.push('k6 has sent nothing')
  if (problems.length > 0) throw new Error(problems.slice(0, 20).join('\n'))
  return theirs.size
}
