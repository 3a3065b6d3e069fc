/**
 * What the checkpoints are judged on: plain data, gathered by the run (`cli/run-companions/checkpoints.ts`).
 *
 * The answers go into the record as events `checkpoint {id, verdict, text, details}`, one for each, when the load is over;
 * the diagnosis reads them into `Analysis.checkpoints`, and its rules `test-data-too-small` and `unmocked-third-party` make
 * findings of those that are not ok.
 */
import type { TrustRow } from '#record/types.js'

export interface CheckpointInput {
  readonly testData: TestDataInput
  /** Of the run; undefined when it broke off before anything was judged. */
  readonly trust: TrustRow | undefined
  readonly thirdParties: ThirdPartiesInput
}

export interface TestDataInput {
  readonly endpoints: readonly EndpointInputs[]
  /** Rows of the tables of observed databases, by estimate; undefined when no database was looked at. */
  readonly tables: readonly TableRows[] | undefined
  /** Rows by table in production, from the plan. */
  readonly production: Readonly<Record<string, number>>
  /** From the plan: all data together. */
  readonly dataRows: { readonly test: number; readonly production: number } | undefined
  readonly csvFiles: readonly { readonly file: string; readonly rows: number }[]
}

export interface EndpointInputs {
  /** `GET /products/:id` */
  readonly endpoint: string
  readonly requests: number
  /** Different requests (URL and body) among them; a lower bound when `isMore`. */
  readonly distinct: number
  readonly isMore: boolean
}

export interface TableRows {
  readonly table: string
  readonly rows: number
}

export interface ThirdPartiesInput {
  readonly contacts: readonly Contact[]
  /** Hosts that the plan or `--allow-host` allows. */
  readonly allowed: readonly string[]
  /** False when nothing could be seen of what the target connects to. */
  readonly sawTarget: boolean
}

export interface Contact {
  /** `api.stripe.com:443`, or an address where no name is known. */
  readonly host: string
  readonly by: 'script' | 'target'
  /** Where it really is: this machine, a private network, or the internet; `refused` when no connection was made. */
  readonly where: 'this-machine' | 'private' | 'internet' | 'refused'
  /** It is among the plan's targets, or the script's own first target. */
  readonly isTarget: boolean
}
