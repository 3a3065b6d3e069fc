/** Modules by URL: our own jslib, else a cache with an integrity hash, else fetched once. */
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { scriptError } from './errors.js'

export interface RemoteOptions {
  /** Folder of fetched modules; nothing is kept without it. */
  readonly cacheDir?: string | undefined
  /** Text of a well-known module that we have ourselves. */
  readonly jslib?: ((url: string) => string | undefined) | undefined
}

export interface Remote {
  /** @throws PW_SCRIPT_REMOTE_IMPORT */
  load(url: string): Promise<string>
}

const maxBytes = 20_000_000
const timeoutMs = 30_000

export function remoteModules(options: RemoteOptions): Remote {
  return {
    load: async (url) => {
      const own = options.jslib?.(url)
      if (own !== undefined) return own
      const path = options.cacheDir === undefined ? undefined : join(options.cacheDir, sha256(url))
      const kept = path === undefined ? undefined : readKept(path)
      if (kept !== undefined) return kept
      const text = await fetchText(url)
      if (path !== undefined) keep(options.cacheDir as string, path, url, text)
      return text
    },
  }
}

// The name beside the text holds its hash, so that a file that was cut short or edited is fetched again.
function readKept(path: string): string | undefined {
  try {
    const { integrity } = JSON.parse(readFileSync(`${path}.json`, 'utf8')) as { integrity: string }
    const text = readFileSync(`${path}.js`, 'utf8')
    return integrity === `sha256-${sha256(text)}` ? text : undefined
  } catch {
    return undefined
  }
}

function keep(folder: string, path: string, url: string, text: string): void {
  try {
    mkdirSync(folder, { recursive: true })
    for (const [name, contents] of [
      [`${path}.js`, text],
      [`${path}.json`, JSON.stringify({ url, integrity: `sha256-${sha256(text)}` })],
    ] as const) {
      writeFileSync(`${name}.${process.pid}`, contents)
      renameSync(`${name}.${process.pid}`, name)
    }
  } catch {
    // A cache that cannot be written costs the next run a download, no more.
  }
}

async function fetchText(url: string): Promise<string> {
  let response: Response
  try {
    response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) })
  } catch (error) {
    const cause = (error as { cause?: unknown }).cause ?? error
    throw failed(url, (cause as Error).message)
  }
  if (response.status !== 200) throw failed(url, `the server answered ${response.status}`)
  let text = ''
  let bytes = 0
  const decoder = new TextDecoder()
  for await (const chunk of response.body ?? []) {
    bytes += (chunk as Uint8Array).length
    if (bytes > maxBytes) throw failed(url, `it is larger than ${maxBytes / 1e6} MB`)
    text += decoder.decode(chunk as Uint8Array, { stream: true })
  }
  return text + decoder.decode()
}

function failed(url: string, why: string): Error {
  return scriptError(
    'PW_SCRIPT_REMOTE_IMPORT',
    `The moduleSpecifier "${url}" couldn't be retrieved from the remote server: ${why}.`,
    url,
    'check the address and the network, or save the file beside the script and import it from there',
  )
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
