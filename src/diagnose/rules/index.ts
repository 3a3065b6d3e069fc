import { appCpu } from './app-cpu.js'
import { capacityKnee, coldStart, degradesOverTime, noRecovery } from './behaviour.js'
import { cacheableRead } from './cacheable-read.js'
import { testData, thirdParties } from './checkpoints.js'
import { databaseLock } from './database-lock.js'
import { errorBurst, rateLimited } from './errors.js'
import { eventLoopBlocked } from './event-loop-blocked.js'
import { gcPressure } from './gc-pressure.js'
import { injectorSaturated } from './injector-saturated.js'
import { memoryLeak, resourceLeak } from './leaks.js'
import { lockContention } from './lock-contention.js'
import { missingIndex } from './missing-index.js'
import { nPlusOne } from './n-plus-one.js'
import { networkBandwidth, networkLatency } from './network.js'
import { offsetPagination } from './offset-pagination.js'
import { overFetching } from './over-fetching.js'
import { poolExhausted } from './pool-exhausted.js'
import type { Rule } from './rule.js'
import { slowDependency } from './slow-dependency.js'
import { slowQuery } from './slow-query.js'

/** All rules; the injector first, because it may take the ground from under the others. */
export const rules: readonly Rule[] = [
  injectorSaturated,
  appCpu,
  eventLoopBlocked,
  gcPressure,
  lockContention,
  poolExhausted,
  nPlusOne,
  missingIndex,
  slowQuery,
  databaseLock,
  offsetPagination,
  cacheableRead,
  overFetching,
  slowDependency,
  networkLatency,
  networkBandwidth,
  memoryLeak,
  resourceLeak,
  rateLimited,
  errorBurst,
  capacityKnee,
  noRecovery,
  degradesOverTime,
  coldStart,
  thirdParties,
  testData,
]
