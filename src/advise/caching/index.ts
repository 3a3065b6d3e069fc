/** Reads that repeat often and whose answers stay: what a cache would take off the database, replayed over the recording. */
import { bytes, ms, number, percent, shortSql } from '#diagnose/finding.js'
import { isRead, tablesIn } from '#diagnose/statements.js'
import type { Change, Evidence } from '#record/index.js'
import type { Exchange } from '#wire/types.js'
import { answer, makeAdvice, notAssessed } from '../advice.js'
import type { Capture, Traffic } from '../probe/capture.js'
import { callSiteOf } from '../target/call-site.js'
import type { Advice, AdviseInput, Advisor } from '../types.js'
import { cacheCode } from './code.js'
import { type Read, type Replayed, replay, type Steadiness, steadinessOf } from './replay.js'
import { type RedisTrial, tryRedis } from './try-redis.js'

/** The mission's rule: above a hundred reads a minute, the same for more than a minute. */
const readsPerMin = 100
const changesPerMin = 1
const ttlsS = [10, 60, 300]
/** A read that costs less than a read from Redis gains nothing by one. */
const dearMs = 1
const worthHitRatio = 0.5
/** A recording shorter than this shows few repeats and no change. */
const shortestS = 20

export const caching: Advisor = {
  name: 'caching',
  kinds: ['cacheable-read'],
  explains: `Reads of a load (--load) above ${readsPerMin} a minute whose answers change less than once a minute and take over ${dearMs} ms: hit ratio by TTL and size replayed over the recorded keys, staleness measured, stampedes counted, code with TTL and single flight; tried in a real Redis with --scratch redis://.`,
  async advise(input) {
    const traffic = input.capture?.traffic
    if (input.capture === undefined || traffic === undefined)
      return notAssessed('how often reads repeat is known from a load through the proxies: --load SCRIPT')
    if (traffic.seconds < shortestS)
      return notAssessed(
        `the load of ${number(traffic.seconds)} s is too short to tell what stays the same (${shortestS} s)`,
      )
    const families = readsByFamily(traffic)
    const advice: Advice[] = []
    const well: string[] = []
    for (const [family, exchanges] of families) {
      const perMin = (exchanges.length / traffic.seconds) * 60
      const meanMs = exchanges.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0) / exchanges.length
      const reads = exchanges.map(toRead)
      const steadiness = steadinessOf(reads)
      const best = bestOf(reads, input, endpointOf(input.capture, family))
      const isWorth = perMin > readsPerMin && meanMs >= dearMs && steadiness.changesPerMin < changesPerMin
      if (!isWorth || best.hits / best.reads < worthHitRatio) {
        if (perMin > readsPerMin)
          well.push(
            `${shortSql(family, 60)}: ${number(perMin)} a minute, ${ms(meanMs)} each, ${number(steadiness.changesPerMin)} changes a minute, ${percent(best.hits / best.reads)} would be hits`,
          )
        continue
      }
      advice.push(await adviceFor({ family, exchanges, reads, perMin, meanMs, steadiness, best }, input, traffic))
    }
    const told = answer(
      advice,
      `${families.size} kinds of reads in ${number(traffic.seconds)} s, none above ${readsPerMin} a minute that is dear and stays`,
    )
    return { ...told, fine: advice.length > 0 ? [] : [...told.fine, ...well.slice(0, 5)] }
  },
}

interface Cacheable {
  readonly family: string
  readonly exchanges: readonly Exchange[]
  readonly reads: readonly Read[]
  readonly perMin: number
  readonly meanMs: number
  readonly steadiness: Steadiness
  readonly best: Replayed
}

function readsByFamily({ exchanges }: Traffic): Map<string, Exchange[]> {
  const families = new Map<string, Exchange[]>()
  for (const one of exchanges) {
    const isSql = one.protocol === 'postgres' || one.protocol === 'mysql'
    const isMongoRead = one.protocol === 'mongodb' && /^(find|aggregate|count|distinct) /.test(one.family)
    if (one.error !== undefined || one.inTransaction || !((isSql && isRead(one.text)) || isMongoRead)) continue
    const list = families.get(one.family)
    if (list === undefined) families.set(one.family, [one])
    else list.push(one)
  }
  for (const list of families.values()) list.sort((a, b) => a.startMs - b.startMs)
  return new Map([...families].sort(([, a], [, b]) => b.length - a.length).slice(0, 200))
}

function toRead({ paramsHash, startMs, endMs, answerHash }: Exchange): Read {
  return { key: paramsHash, atMs: startMs, tookMs: endMs - startMs, answer: answerHash }
}

/** The TTL that the person allows, else a minute. */
function bestOf(reads: readonly Read[], { stalenessS }: AdviseInput, endpoint: string | undefined): Replayed {
  return replay(reads, allowedS(stalenessS, endpoint) ?? 60, Infinity)
}

function allowedS(stalenessS: ReadonlyMap<string, number>, endpoint: string | undefined): number | undefined {
  for (const [glob, seconds] of stalenessS) {
    if (glob === '*') continue
    const pattern = new RegExp(`^${glob.replace(/[.+?^$()|[\]{}\\]/g, '\\$&').replaceAll('*', '.*')}$`)
    if (endpoint !== undefined && pattern.test(endpoint.replace(/^[A-Z]+ /, ''))) return seconds
  }
  return stalenessS.get('*')
}

/** The endpoint whose probe asked it. */
function endpointOf(capture: Capture, family: string): string | undefined {
  return capture.requests.find(({ exchanges }) => exchanges.some((one) => one.family === family))?.endpoint
}

async function adviceFor(found: Cacheable, input: AdviseInput, traffic: Traffic): Promise<Advice> {
  const { family, exchanges, reads, perMin, meanMs, steadiness, best } = found
  const capture = input.capture as Capture
  const endpoint = endpointOf(capture, family)
  const allowed = allowedS(input.stalenessS, endpoint)
  const keys = new Set(reads.map(({ key }) => key)).size
  const size = exchanges.reduce((sum, one) => sum + one.bytes, 0) / exchanges.length
  const ratio = best.hits / best.reads
  const savedPerMin = (best.savedMs / traffic.seconds) * 60
  const trial = await redisTrial(found, best.ttlS, size, input)
  const site = callSiteOf(exchanges[0]?.text ?? '', input.target.sourceDir, input.sources)
  const dbMs = traffic.exchanges.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0)
  return makeAdvice({
    advisor: 'caching',
    kind: 'cacheable-read',
    severity: savedPerMin > 6_000 || best.savedMs / dbMs > 0.2 ? 'warning' : 'info',
    confidence: steadiness.watchedKeys >= 1 && traffic.seconds >= 60 ? 0.9 : 0.7,
    title: `${endpoint ?? 'a read'}: ${number(perMin)} times a minute the same answers, ${ms(meanMs)} each; kept for ${number(best.ttlS)} s, ${percent(ratio)} of them need no database (${shortSql(family, 60)})`,
    where: {
      ...(endpoint === undefined ? {} : { endpoint }),
      sql: family,
      ...(site === undefined ? {} : { file: site.file, line: site.line }),
      ...(site?.function === undefined ? {} : { function: site.function }),
    },
    evidence: evidenceOf(found, keys, traffic),
    fix: `Keep the answer in Redis for ${number(best.ttlS)} s, with one load at a time for a key${allowed === undefined ? '; how old it may be is for you to say (--staleness)' : ''}, and forget it when ${tablesIn(family).join(', ') || 'its tables'} change.`,
    prove: 'the same perfwright advise --load after the change: its calls a minute fall by the hit ratio',
    share: Math.min(1, best.savedMs / Math.max(1, dbMs)),
    advice: {
      changes: changesOf(found, endpoint, input),
      gain: {
        metric: 'time of the database for this read, per minute',
        unit: 'ms',
        before: perMin * meanMs,
        after: perMin * meanMs - savedPerMin,
        afterLow: null,
        afterHigh: null,
        basis: 'estimated',
        how: `the ${number(reads.length)} recorded reads of ${number(keys)} keys through a cache with a TTL of ${number(best.ttlS)} s`,
      },
      costs: costsOf(found, keys, size, allowed),
      verification: verificationOf(best, trial, meanMs),
    },
  })
}

function evidenceOf(
  { reads, perMin, meanMs, steadiness, best }: Cacheable,
  keys: number,
  traffic: Traffic,
): Evidence[] {
  const source = 'wire --load'
  const bySize = [0.1, 0.5].map((share) => Math.max(1, Math.round(keys * share)))
  const table = [
    ...ttlsS.filter((ttlS) => ttlS <= traffic.seconds * 2).map((ttlS) => replay(reads, ttlS, Infinity)),
    ...(keys > 10 ? bySize.map((size) => replay(reads, best.ttlS, size)) : []),
  ]
  return [
    {
      text: `${number(perMin)} reads a minute of ${number(keys)} keys, ${ms(meanMs)} each on average, over ${number(traffic.seconds)} s`,
      source,
      value: perMin,
      unit: 'reads/min',
      threshold: readsPerMin,
    },
    {
      text: `the answer of a key changed ${number(steadiness.changesPerMin)} times a minute (${steadiness.changes} times in all, ${number(steadiness.watchedKeys)} keys read more than once)`,
      source,
      value: steadiness.changesPerMin,
      unit: 'changes/min',
      threshold: changesPerMin,
    },
    ...table.map(
      ({ ttlS, size, hits, reads, stale }): Evidence => ({
        text: `TTL ${number(ttlS)} s, ${size === Infinity ? 'room for all keys' : `room for ${number(size)} keys (LRU)`}: ${percent(hits / reads)} hits, ${percent(hits === 0 ? 0 : stale / hits)} of them no longer true`,
        source: 'replay of the recorded keys',
        value: hits / reads,
        unit: 'ratio',
      }),
    ),
    ...(best.together > 0
      ? [
          {
            text: `${number(best.together)} reads came while their key was being loaded: without single flight each of them asks the database too`,
            source: 'replay of the recorded keys',
            value: best.together,
            unit: 'reads',
          },
        ]
      : []),
  ]
}

function changesOf(
  { family, best }: Cacheable,
  endpoint: string | undefined,
  { capture, target }: AdviseInput,
): Change[] {
  const prefix = (tablesIn(family)[0] ?? 'read').replace(/\W+/g, '_')
  const changes: Change[] = [cacheCode(target.language, prefix, best.ttlS)]
  const probe = capture?.requests.find((one) => one.endpoint === endpoint)
  const isOpen =
    probe !== undefined &&
    probe.method === 'GET' &&
    probe.headers['cache-control'] === undefined &&
    probe.headers['set-cookie'] === undefined
  if (isOpen)
    changes.push({
      form: 'setting',
      language: 'http',
      text: `Cache-Control: private, max-age=${Math.min(60, Math.round(best.ttlS))}, stale-while-revalidate=${Math.round(best.ttlS)}\nETag: "<hash of the body>"`,
    })
  return changes
}

function costsOf({ best, exchanges }: Cacheable, keys: number, size: number, allowed: number | undefined): string[] {
  const stale = best.hits === 0 ? 0 : best.stale / best.hits
  return [
    `Answers up to ${number(best.ttlS)} s old: of this recording's hits ${percent(stale)} were no longer true${allowed === undefined ? '; whether that may be is not known here (--staleness)' : ` (--staleness allows ${number(allowed)} s)`}.`,
    'Values pass through JSON: dates come back as texts.',
    `About ${bytes(keys * (size + 100))} of memory for ${number(keys)} keys.`,
    ...(best.together > 0 || exchanges.length / keys > 100
      ? ['When a popular key ends, all who ask for it miss at once; the code below lets one of them load.']
      : []),
  ]
}

async function redisTrial(
  { reads }: Cacheable,
  ttlS: number,
  size: number,
  input: AdviseInput,
): Promise<RedisTrial | string> {
  const { scratch } = input
  if (scratch === undefined || !/^rediss?:/.test(scratch)) return 'not tried in a real Redis (--scratch redis://...)'
  input.progress('trying the cache in the Redis of --scratch')
  try {
    return await tryRedis(scratch, reads, ttlS, Math.max(1, Math.round(size)), input)
  } catch (error) {
    return `the Redis of --scratch could not be used: ${(error as Error).message.slice(0, 200)}`
  }
}

function verificationOf(best: Replayed, trial: RedisTrial | string, meanMs: number): Advice['advice']['verification'] {
  const predicted = percent(best.hits / best.reads)
  if (typeof trial === 'string')
    return { state: 'predicted', how: `${predicted} hits by replaying the recorded keys; ${trial}` }
  const got = trial.hits / trial.reads
  const how = `${number(trial.reads)} recorded reads against a real Redis, ${number(trial.speed)} times as fast: ${percent(got)} hits (replay said ${predicted}), a read from it takes ${ms(trial.readMs.median)}, from the database ${ms(meanMs)}`
  return { state: got > worthHitRatio && trial.readMs.median < meanMs ? 'verified' : 'refuted', how }
}
