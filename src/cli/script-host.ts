/** What `run` and `inspect` share: where caches live, which variables a script sees. */
import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { readSecretSources, type SecretSources } from '#engine/native/modules/secrets/sources.js'
import { type CompiledScript, compileScript, type ScriptSource } from '#script/index.js'
import { jslibSource } from '#script/jslib/index.js'
import type { CommandIo } from './command.js'

type Env = CommandIo['env']

/** `PERFWRIGHT_CACHE`, else the user's cache folder. */
export function cacheDir(env: Env): string {
  return env['PERFWRIGHT_CACHE'] ?? join(env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'perfwright')
}

export function compile(source: ScriptSource, env: Env): Promise<CompiledScript> {
  return compileScript(source, {
    cacheDir: join(cacheDir(env), 'remote'),
    jslib: (url: string) => jslibSource(url)?.contents,
  })
}

/** `__ENV`: the system's variables when wanted, those of `-e` over them. */
export function scriptEnv(
  env: Env,
  runtime: { readonly includeSystemEnvVars: boolean; readonly env: Readonly<Record<string, string>> },
): Record<string, string> {
  const system = runtime.includeSystemEnvVars
    ? Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined)
    : []
  return { ...Object.fromEntries(system), ...runtime.env }
}

/** The variables that decide about proxies and HTTP/2 (GODEBUG), as Go reads them, and how sockets are used (http1/direct-socket.ts). */
export function proxyEnv(env: Env): Record<string, string> {
  const names = [
    'HTTP_PROXY',
    'HTTPS_PROXY',
    'NO_PROXY',
    'http_proxy',
    'https_proxy',
    'no_proxy',
    'GODEBUG',
    'PW_H2C',
    'PW_SOCKETS',
  ]
  return Object.fromEntries(names.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])))
}

/** @throws PW_SECRET_SOURCE */
export function secretSources(lines: readonly string[], io: CommandIo): SecretSources | undefined {
  if (lines.length === 0) return undefined
  return readSecretSources(lines, {
    env: io.env,
    readFile: (path) => {
      try {
        return readFileSync(resolve(io.cwd, path), 'utf8')
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException
        throw new Error(code === 'ENOENT' ? `open ${path}: no such file or directory` : message, { cause: error })
      }
    },
  })
}
