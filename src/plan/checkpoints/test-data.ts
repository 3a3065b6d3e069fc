/** Is there as much data, and is as much of it asked for, as production has: else a cache is measured. */
import type { Checkpoint } from '#record/analysis.js'
import { figure } from '../units.js'
import type { EndpointInputs, TestDataInput } from './types.js'

/** Below this share of production's rows a table behaves like another one: it fits into memory, its plans differ. */
const fewRows = 0.1
/** Fewer requests say nothing about how varied they would become. */
const enoughRequests = 200
/** As few different requests as this, each asked for again and again, fit into any cache. */
const fewDistinct = 50
const oftenEach = 20
/** A table that the whole of a run touches so little of is read from memory after its first seconds. */
const touchedShare = 0.01
const smallTable = 1000

export function testDataCheckpoint(input: TestDataInput): Checkpoint {
  const problems: string[] = []
  const facts: string[] = []
  let isGrave = false
  const { dataRows, tables, production, csvFiles } = input
  if (dataRows !== undefined) {
    const ratio = dataRows.test / dataRows.production
    const text = `the data has ${figure(dataRows.test)} rows, production's ${figure(dataRows.production)} (${figure(ratio * 100)} %)`
    if (ratio < fewRows) problems.push(text)
    else facts.push(text)
  }
  for (const [table, rows] of Object.entries(production)) {
    const here = tables?.find((one) => one.table === table || one.table.endsWith(`.${table}`))
    if (here === undefined) {
      if (tables !== undefined)
        problems.push(`the plan names the table ${table}, which the observed database does not have`)
      continue
    }
    const text = `${table} has ${figure(here.rows)} rows, production's ${figure(rows)} (${figure((100 * here.rows) / rows)} %)`
    if (here.rows < fewRows * rows) {
      problems.push(text)
      isGrave ||= here.rows < fewRows * fewRows * rows
    } else facts.push(text)
  }
  const largest = Math.max(0, ...(tables ?? []).map(({ rows }) => rows))
  const varied = input.endpoints.filter((endpoint) => endpoint.requests >= enoughRequests && isVaried(endpoint))
  const used = Math.max(0, ...varied.map(({ distinct }) => distinct))
  for (const { endpoint, requests, distinct, isMore } of varied) {
    const times = requests / distinct
    const text = `${endpoint}: ${isMore ? 'more than ' : ''}${figure(distinct)} different requests among ${figure(requests)}`
    const isFew = !isMore && distinct <= fewDistinct && times >= oftenEach
    // A list of which some pages are read has few different requests by nature; one that takes an id has not.
    const few = isFew && (hasParameter(endpoint) || used <= fewDistinct)
    const untouched = !isMore && times >= oftenEach && largest >= smallTable && distinct < touchedShare * largest
    if (few) problems.push(`${text}, each ${figure(times)} times: after the first they come out of a cache`)
    else if (untouched)
      facts.push(`${text}, where the largest table has ${figure(largest)} rows: most of the data is never touched`)
    else facts.push(text)
  }
  for (const { file, rows } of varied.length === 0 ? [] : csvFiles)
    facts.push(`${file} has ${figure(rows)} rows, at most ${figure(Math.min(rows, used))} of them used`)
  if (tables !== undefined && tables.length > 0)
    facts.push(
      `tables: ${tables
        .slice(0, 5)
        .map(({ table, rows }) => `${table} ${figure(rows)}`)
        .join(', ')} rows`,
    )
  const known = varied.length > 0 || tables !== undefined || dataRows !== undefined
  if (problems.length > 0)
    return {
      id: 'test-data',
      verdict: isGrave ? 'failed' : 'warning',
      text: `The test data is too small: ${problems[0]}.`,
      details: [...problems.slice(1), ...facts],
    }
  if (!known)
    return {
      id: 'test-data',
      verdict: 'not-checked',
      text: `No endpoint was asked ${enoughRequests} times with parameters, and no database was observed.`,
      details: facts,
    }
  return { id: 'test-data', verdict: 'ok', text: 'Nothing speaks against the test data.', details: facts }
}

/** One that always gets the same request has nothing to vary: a front page, a list of categories. */
function isVaried({ distinct, isMore }: EndpointInputs): boolean {
  return isMore || distinct > 1
}

/** `GET /products/:id`, `/users/{id}`, `${}`. */
function hasParameter(endpoint: string): boolean {
  return /\/[:{$<]/.test(endpoint.replace(/^[A-Z]+ +/, '').replace(/^https?:\/\/[^/]*/, ''))
}
