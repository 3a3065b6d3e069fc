/**
 * Every k6 module that the native engine has, in one visible list. A new module is one file or folder beside this one
 * and one line here. A module is loaded when the script imports it, so that a small script starts fast.
 */
import { ExitCode, PerfwrightError } from '#base/errors.js'
import { jslibPackageNames } from '#script/jslib/index.js'
import type { ModuleFactory } from '../types.js'

const loaders: Readonly<Record<string, () => Promise<ModuleFactory>>> = {
  k6: async () => (await import('./k6.js')).createK6Module,
  'k6/http': async () => (await import('./http/index.js')).createHttpModule,
  'k6/metrics': async () => (await import('./metrics.js')).createMetricsModule,
  'k6/execution': async () => (await import('./execution.js')).createExecutionModule,
  'k6/data': async () => (await import('./data/index.js')).createDataModule,
  'k6/encoding': async () => (await import('./encoding/index.js')).createEncodingModule,
  'k6/crypto': async () => (await import('./crypto/index.js')).createCryptoModule,
  'k6/crypto/x509': async () => (await import('./crypto/index.js')).createX509Module,
  'k6/html': async () => (await import('./html/index.js')).createHtmlModule,
  'k6/browser': async () => (await import('./browser/index.js')).loadBrowserModule(),
  'k6/secrets': async () => (await import('./secrets/index.js')).createSecretsModule,
  'k6/ws': async () => (await import('./ws/index.js')).createWsModule,
  'k6/websockets': async () => (await import('./websockets/index.js')).createWebSocketsModule,
  'k6/experimental/websockets': async () => (await import('./websockets/index.js')).createExperimentalWebSocketsModule,
  'k6/experimental/streams': async () => (await import('./streams/index.js')).createStreamsModule,
  'k6/x/sse': async () => (await import('./streaming/index.js')).createSseModule,
  'perfwright/connections': async () => (await import('./connections/index.js')).createConnectionsModule,
  'perfwright/streaming': async () => (await import('./streaming/index.js')).createStreamingModule,
  'k6/timers': async () => (await import('./timers/index.js')).createTimersModule,
  'k6/net/grpc': async () => (await import('./grpc/index.js')).createGrpcModule,
  'k6/experimental/csv': async () => (await import('./csv/index.js')).createCsvModule,
  'k6/experimental/redis': async () => (await import('./redis/index.js')).loadRedisModule('k6/experimental/redis'),
  'k6/x/redis': async () => (await import('./redis/index.js')).loadRedisModule('k6/x/redis'),
  'k6/experimental/fs': async () => (await import('./fs/index.js')).createFsModule,
}

export const moduleNames: readonly string[] = Object.keys(loaders)

/**
 * Loads what a script imports, before its first init.
 * @throws PW_SCRIPT_MODULE_UNKNOWN
 */
export async function loadModules(specifiers: readonly string[]): Promise<ReadonlyMap<string, ModuleFactory>> {
  const loaded = new Map<string, ModuleFactory>()
  await Promise.all(
    specifiers.map(async (specifier) => {
      const load = loaders[specifier] ?? jslibLoader(specifier)
      if (load === undefined) throw unknownModule(specifier)
      loaded.set(specifier, await load())
    }),
  )
  return loaded
}

/** What our modules of jslib.k6.io are made of; not listed among the modules, since scripts do not import it by name. */
function jslibLoader(specifier: string): (() => Promise<ModuleFactory>) | undefined {
  const name = specifier.startsWith('k6/jslib/') ? specifier.slice('k6/jslib/'.length) : ''
  if (!jslibPackageNames.includes(name)) return undefined
  return async () => (await import('./jslib.js')).createJslibModule(name)
}

export function unknownModule(specifier: string): PerfwrightError {
  return new PerfwrightError({
    code: 'PW_SCRIPT_MODULE_UNKNOWN',
    message: `The native engine has no module "${specifier}".`,
    fix: `use one of ${moduleNames.join(', ')}, or run with --engine k6`,
    exitCode: ExitCode.scriptException,
  })
}
