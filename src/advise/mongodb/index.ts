/**
 * Adviser `mongodb`: collection scans, sorts in memory and much-read queries, by the profiler's own numbers and by explain
 * of what the proxy saw. It is tested with recorded exchanges: there is no server of MongoDB to be had here.
 */
import type { Document } from 'mongodb'
import { ms, number } from '#diagnose/finding.js'
import { shapeOf } from '#observe/services/mongodb/shape.js'
import { driver, reasonOf, unreachable } from '#observe/services/service-uri.js'
import { makeAdvice } from '../advice.js'
import type { Advice, AdviseInput, Advisor, AdvisorAnswer, DatabaseAt } from '../types.js'
import { esrIndex } from './esr.js'

const TIMEOUT_MS = 4000
const MAX_ENTRIES = 2000
const MAX_EXPLAINED = 30
/** Documents read, and read for each that comes out. */
const MIN_EXAMINED = 1000
const EXAMINED_FOR_ONE = 10

export const mongodbAdvisor: Advisor = {
  name: 'mongodb',
  kinds: ['missing-index'],
  explains:
    `MongoDB (--db mongodb://...): queries that read ${MIN_EXAMINED} documents and ${EXAMINED_FOR_ONE} for each that comes out, or sort in memory, ` +
    'by the database profiler where it is on, and by explain of the queries that the proxy saw; the index by the ESR rule. ' +
    'Tested with recorded exchanges, not with a server.',
  async advise(input) {
    const databases = input.databases.filter(({ kind }) => kind === 'mongodb')
    const answers = await Promise.all(databases.map((database) => adviseOne(input, database)))
    return {
      advice: answers.flatMap(({ advice }) => advice),
      fine: answers.flatMap(({ fine }) => fine),
      notAssessed: answers.flatMap(({ notAssessed }) => notAssessed),
    }
  },
}

interface Query {
  readonly collection: string
  readonly shape: string
  readonly filter: unknown
  readonly sort: unknown
  readonly calls: number
  readonly totalMs: number
  readonly examined: number
  readonly returned: number
  readonly isScan: boolean
  readonly sortsInMemory: boolean
  readonly source: string
}

async function adviseOne(input: AdviseInput, { uri }: DatabaseAt): Promise<AdvisorAnswer> {
  const { MongoClient } = await driver('mongodb', () => import('mongodb'))
  const client = new MongoClient(uri, {
    appName: 'perfwright',
    maxPoolSize: 1,
    serverSelectionTimeoutMS: TIMEOUT_MS,
    connectTimeoutMS: TIMEOUT_MS,
    socketTimeoutMS: 2 * TIMEOUT_MS,
    retryReads: false,
  })
  try {
    await client.connect()
    const database = client.db()
    const profiled = await database
      .collection('system.profile')
      .find({ appName: { $ne: 'perfwright' }, op: { $in: ['query', 'command'] } })
      .sort({ ts: -1 })
      .limit(MAX_ENTRIES)
      .toArray()
    const queries = new Map<string, Query>()
    for (const entry of profiled) add(queries, queryOfProfile(entry))
    const commands = commandsOfCapture(input)
    const explained: string[] = []
    for (const command of commands.slice(0, MAX_EXPLAINED)) {
      try {
        const plan = await database.command({
          explain: { ...command, maxTimeMS: TIMEOUT_MS },
          verbosity: 'executionStats',
        })
        add(queries, queryOfExplain(command, plan))
      } catch (error) {
        explained.push(`${shapeOf(command).slice(0, 100)}: ${reasonOf(error)}`)
      }
    }
    const missing =
      profiled.length === 0 && commands.length === 0
        ? [
            'MongoDB: the profiler is off (db.setProfilingLevel(1, { slowms: 20 })), and no proxy saw queries (--target-cmd with --url)',
          ]
        : explained
    const advice = [...queries.values()].flatMap((query) => adviceFor(query) ?? [])
    const fine = queries.size > 0 ? [`${number(queries.size)} shapes of queries were looked at`] : []
    return { advice, fine, notAssessed: missing }
  } catch (error) {
    throw unreachable(
      'MongoDB',
      error,
      'Check the address, and that the user may read the database and system.profile.',
    )
  } finally {
    await client.close().catch(() => {})
  }
}

function add(queries: Map<string, Query>, query: Query | undefined): void {
  if (query === undefined) return
  const key = `${query.collection} ${query.shape}`
  const before = queries.get(key)
  queries.set(
    key,
    before === undefined
      ? query
      : {
          ...before,
          calls: before.calls + query.calls,
          totalMs: before.totalMs + query.totalMs,
          examined: before.examined + query.examined,
          returned: before.returned + query.returned,
          isScan: before.isScan || query.isScan,
          sortsInMemory: before.sortsInMemory || query.sortsInMemory,
        },
  )
}

function queryOfProfile(entry: Document): Query | undefined {
  const asked = questionOf(entry['command'] as Document | undefined)
  if (asked === undefined) return undefined
  return {
    ...asked,
    calls: 1,
    totalMs: Number(entry['millis']) || 0,
    examined: Number(entry['docsExamined']) || 0,
    returned: Number(entry['nreturned']) || 0,
    isScan: String(entry['planSummary'] ?? '').includes('COLLSCAN'),
    sortsInMemory: entry['hasSortStage'] === true,
    source: 'system.profile',
  }
}

function queryOfExplain(command: Document, plan: Document): Query | undefined {
  const asked = questionOf(command)
  const stats = plan['executionStats'] as Document | undefined
  if (asked === undefined || stats === undefined) return undefined
  const winning = JSON.stringify((plan['queryPlanner'] as Document | undefined)?.['winningPlan'] ?? {})
  return {
    ...asked,
    calls: 1,
    totalMs: Number(stats['executionTimeMillis']) || 0,
    examined: Number(stats['totalDocsExamined']) || 0,
    returned: Number(stats['nReturned']) || 0,
    isScan: winning.includes('"COLLSCAN"'),
    sortsInMemory: winning.includes('"SORT"'),
    source: 'explain',
  }
}

/** `find`, and an `aggregate` whose first stage is a $match. */
function questionOf(
  command: Document | undefined,
): Pick<Query, 'collection' | 'shape' | 'filter' | 'sort'> | undefined {
  if (typeof command?.['find'] === 'string')
    return {
      collection: command['find'],
      shape: shapeOf({ find: command['find'], filter: command['filter'], sort: command['sort'] }),
      filter: command['filter'],
      sort: command['sort'],
    }
  const pipeline = command?.['pipeline']
  if (typeof command?.['aggregate'] !== 'string' || !Array.isArray(pipeline)) return undefined
  const [match, next] = pipeline as Document[]
  if (match?.['$match'] === undefined) return undefined
  const shape = shapeOf({ aggregate: command['aggregate'], pipeline })
  return { collection: command['aggregate'], shape, filter: match['$match'], sort: next?.['$sort'] }
}

function commandsOfCapture({ capture }: AdviseInput): Document[] {
  const byFamily = new Map<string, Document>()
  for (const { exchanges } of capture?.requests ?? []) {
    for (const { protocol, text, family } of exchanges) {
      if (protocol !== 'mongodb' || byFamily.has(family)) continue
      const command = commandOf(text)
      // Explaining with executionStats runs the command: only what reads by its kind.
      if (command !== undefined && typeof command['find'] === 'string') byFamily.set(family, command)
    }
  }
  return [...byFamily.values()]
}

/** A command as the proxy wrote it down; undefined when it was cut. */
function commandOf(text: string): Document | undefined {
  try {
    const { find, filter, sort, limit, skip, projection } = JSON.parse(text) as Document
    return Object.fromEntries(
      Object.entries({ find, filter, sort, limit, skip, projection }).filter(([, value]) => value !== undefined),
    )
  } catch {
    return undefined
  }
}

function adviceFor(query: Query): Advice | undefined {
  const { collection, shape, calls, totalMs, isScan, sortsInMemory, source } = query
  const [examined, returned, each] = [query.examined / calls, query.returned / calls, totalMs / calls]
  const isWasteful = examined >= MIN_EXAMINED && examined > EXAMINED_FOR_ONE * Math.max(1, returned)
  if (!isWasteful && !(sortsInMemory && examined >= MIN_EXAMINED)) return undefined
  const index = esrIndex(query.filter, query.sort)
  if (index === undefined) return undefined
  const keys = index.keys.map(([field, direction]) => `${JSON.stringify(field)}: ${direction}`).join(', ')
  const name = index.keys.map(([field, direction]) => `${field}_${direction}`).join('_')
  const of = `db.getCollection(${JSON.stringify(collection)})`
  return makeAdvice({
    advisor: 'mongodb',
    kind: 'missing-index',
    severity: isScan ? 'critical' : 'warning',
    confidence: 0.8,
    title: `${collection}: ${number(examined)} documents are read for ${number(returned)} that come out${sortsInMemory ? ', and sorted in memory' : ''}, ${ms(each)} a call`,
    where: { sql: shape, resource: `mongodb ${collection}` },
    evidence: [
      {
        text: `${number(calls)} calls, ${number(examined)} documents examined and ${number(returned)} returned a call${isScan ? ', by a scan of the collection' : ''}`,
        source,
        value: examined,
        unit: 'documents',
        threshold: MIN_EXAMINED,
      },
    ],
    fix: 'Make the index: equality first, then the sort, then ranges.',
    prove: 'perfwright advise --db URI --only mongodb',
    advice: {
      changes: [
        {
          form: 'statement',
          language: 'javascript',
          text: `${of}.createIndex({ ${keys} })`,
          undo: `${of}.dropIndex(${JSON.stringify(name)})`,
        },
      ],
      gain: {
        metric: `documents read by a query on ${collection}`,
        unit: 'documents',
        before: examined,
        after: Math.max(1, returned),
        afterLow: null,
        afterHigh: null,
        basis: 'estimated',
        how: 'an index of all its fields reads what it returns',
      },
      costs: ['its size, and a part of every write of these fields'],
      verification: {
        state: 'predicted',
        how: 'by the server’s own counts of what the query reads; the index was not built',
      },
    },
  })
}
