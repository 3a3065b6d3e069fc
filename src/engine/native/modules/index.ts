/**
 * Every k6 module that the native engine has, in one visible list. A new module is one file or folder beside this one
 * and one line here. Heavy ones are loaded when the script imports them.
 */
import { createCsvModule } from './csv/index.js'
import { createCryptoModule, createX509Module } from './crypto/index.js'
import { createDataModule } from './data/index.js'
import { createEncodingModule } from './encoding/index.js'
import { createExecutionModule } from './execution.js'
import { createFsModule } from './fs/index.js'
import { createHtmlModule } from './html/index.js'
import { createHttpModule } from './http/index.js'
import { createK6Module } from './k6.js'
import { createMetricsModule } from './metrics.js'
import { createTimersModule } from './timers/index.js'
import type { ModuleFactory } from '../types.js'
import { PerfwrightError, ExitCode } from '#base/errors.js'

const modules: Readonly<Record<string, ModuleFactory>> = {
  k6: createK6Module,
  'k6/http': createHttpModule,
  'k6/metrics': createMetricsModule,
  'k6/execution': createExecutionModule,
  'k6/data': createDataModule,
  'k6/encoding': createEncodingModule,
  'k6/crypto': createCryptoModule,
  'k6/crypto/x509': createX509Module,
  'k6/html': createHtmlModule,
  'k6/timers': createTimersModule,
  'k6/experimental/csv': createCsvModule,
  'k6/experimental/fs': createFsModule,
}

export const moduleNames: readonly string[] = Object.keys(modules)

/** @throws PW_SCRIPT_MODULE_UNKNOWN */
export function moduleFactory(specifier: string): ModuleFactory {
  const factory = modules[specifier]
  if (factory !== undefined) return factory
  throw new PerfwrightError({
    code: 'PW_SCRIPT_MODULE_UNKNOWN',
    message: `The native engine has no module "${specifier}".`,
    fix: `use one of ${moduleNames.join(', ')}, or run with --engine k6`,
    exitCode: ExitCode.scriptException,
  })
}
