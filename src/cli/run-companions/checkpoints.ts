/** Gathers what the checkpoints are judged on, and writes the answers into the record when the load is over. */
import type { RunBeginning, RunCompanion } from '#api/companion.js'
import type { RunResult } from '#api/run-test.js'
import type { WorkerWindow } from '#engine/native/worker/protocol.js'
import { type EndpointInputs, evaluateCheckpoints } from '#plan/checkpoints/index.js'
import { knownServiceOf, matches } from '#plan/known-services.js'
import type { RunPlanFacts } from '../run-flags.js'
import { scriptContacts, targetContacts } from './contacts.js'
import { tableRows } from './table-rows.js'

export interface CheckpointSettings {
  readonly plan: RunPlanFacts | undefined
  readonly allowed: readonly string[]
  /** `--observe` */
  readonly uris: readonly string[]
  readonly observes: boolean
}

/** Hashes kept of one endpoint, and endpoints kept. */
const maxDistinct = 5000
const maxEndpoints = 300
const maxHosts = 500

interface Seen {
  readonly hashes: Set<number>
  requests: number
}

export class CheckpointWatch implements RunCompanion {
  readonly name = 'checkpoints'
  readonly #settings: CheckpointSettings
  readonly #endpoints = new Map<string, Seen>()
  readonly #hosts = new Map<string, number>()
  #csvFiles: readonly { readonly file: string; readonly rows: number }[] = []
  #begin: RunBeginning | undefined

  constructor(settings: CheckpointSettings) {
    this.#settings = settings
  }

  planned(begin: RunBeginning): void {
    this.#begin = begin
    const { hosts } = begin.plan.options
    const told = new Set<string>()
    for (const [name] of begin.plan.compiled.code.matchAll(/\b[a-z0-9-]+(?:\.[a-z0-9-]+)+\b/gi)) {
      const service = knownServiceOf(name)
      const isMapped = Object.keys(hosts).some((pattern) => matches(pattern.replace(/:\d+$/, ''), name.toLowerCase()))
      if (service === undefined || isMapped || told.has(service.name) || this.#isAllowed(name)) continue
      told.add(service.name)
      begin.warn(
        `the script names ${name}, which is ${service.name}: requests to it will be refused. ` +
          `Put a stand-in in its place (perfwright mock --help), or let them through with --allow-host ${name}`,
      )
    }
  }

  window({ inputs = [], data = [], batch }: WorkerWindow): void {
    if (data.length > 0) this.#csvFiles = data
    for (const { endpoint, host, requests, fresh } of inputs) {
      this.#met(host, requests)
      let seen = this.#endpoints.get(endpoint)
      if (seen === undefined) {
        if (this.#endpoints.size >= maxEndpoints) continue
        this.#endpoints.set(endpoint, (seen = { hashes: new Set(), requests: 0 }))
      }
      seen.requests += requests
      for (const hash of fresh) if (seen.hashes.size < maxDistinct) seen.hashes.add(hash)
    }
    // WebSocket and gRPC have no inputs; their URLs are tags.
    for (const { entries } of batch.tagSets) {
      const url = entries.find(([key]) => key === 'url')?.[1] ?? ''
      const [, host] = /^(?:wss?|grpc):\/\/([^/\s?#]+)/.exec(url) ?? []
      if (host !== undefined) this.#met(host, 1)
    }
  }

  async loadEnded(result: RunResult): Promise<void> {
    const begin = this.#begin
    if (begin === undefined || result.plan.options.scenarios === undefined) return
    const { plan, allowed, uris, observes } = this.#settings
    const { hosts } = result.plan.options
    const fromScript = await scriptContacts(this.#hosts, {
      targets: plan?.targets ?? [],
      mapped: hosts,
      isAllowed: (host) => this.#isAllowed(host),
    })
    const sawTarget = observes && begin.targets.all.length > 0
    const fromTarget = await targetContacts(begin.targets.peers)
    const checkpoints = evaluateCheckpoints({
      testData: {
        endpoints: this.#distinct(),
        tables: await tableRows(uris),
        production: plan?.rows ?? {},
        dataRows: plan?.dataRows,
        csvFiles: this.#csvFiles,
      },
      trust: result.trust,
      thirdParties: { contacts: [...fromScript, ...fromTarget], allowed, sawTarget },
    })
    for (const checkpoint of checkpoints) begin.record.event('checkpoint', { ...checkpoint })
  }

  #distinct(): EndpointInputs[] {
    return [...this.#endpoints].map(([endpoint, { hashes, requests }]) => ({
      endpoint,
      requests,
      distinct: hashes.size,
      // Each worker stops counting at some thousands.
      isMore: hashes.size >= 2000,
    }))
  }

  #met(host: string, requests: number): void {
    if (this.#hosts.has(host) || this.#hosts.size < maxHosts)
      this.#hosts.set(host, (this.#hosts.get(host) ?? 0) + requests)
  }

  #isAllowed(host: string): boolean {
    const name = host.toLowerCase().replace(/:\d+$/, '')
    return this.#settings.allowed.some((pattern) => matches(pattern, name))
  }
}
