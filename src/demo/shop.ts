/** The demo shop as a child process, for `perfwright demo` and for tests. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from '#base/package-root.js'
import { startChild } from './child.js'
import type { FaultName } from './faults.js'

export interface StartShopOptions {
  /** None: the healthy shop. */
  readonly faults?: readonly FaultName[]
  /** 0, the default: a free one. */
  readonly port?: number
  /** Default 100,000. The number of orders is the same. */
  readonly products?: number
  /** Where the seeded database is kept between starts; '' for nowhere. Default: `~/.cache/perfwright`. */
  readonly cacheDir?: string
  /** Called with what the start is doing; the first start takes seconds. */
  readonly progress?: (message: string) => void
  /** Options of node for the shop's process, as `--cpu-prof`. */
  readonly execArgv?: readonly string[]
  /** The compiled server; for tests, which run from source. */
  readonly serverFile?: string
}

export interface RunningShop {
  readonly url: string
  /** Of the HTTP server: what to observe and to profile. */
  readonly pid: number
  /** `postgres://...`, the wire protocol of the shop's database, and the process behind it. */
  readonly databaseUrl: string
  readonly databasePid: number
  /** Resolves when all its processes have ended. */
  stop(): Promise<void>
}

/** @throws Error with the shop's last words when it cannot start */
export async function startShop(options: StartShopOptions = {}): Promise<RunningShop> {
  const file = options.serverFile ?? join(packageRoot(), 'dist', 'demo', 'shop-server.js')
  if (!existsSync(file)) throw new Error(`${file} is missing: build first (npm run build)`)
  const child = await startChild<Omit<RunningShop, 'stop'>>({
    file,
    args: [
      '--leash',
      '--port',
      String(options.port ?? 0),
      '--faults',
      (options.faults ?? []).join(','),
      ...(options.products === undefined ? [] : ['--products', String(options.products)]),
    ],
    ...(options.cacheDir === undefined ? {} : { env: { SHOP_CACHE_DIR: options.cacheDir } }),
    ...(options.progress === undefined ? {} : { progress: options.progress }),
    ...(options.execArgv === undefined ? {} : { execArgv: options.execArgv }),
  })
  return { ...child.ready, stop: () => child.stop() }
}
