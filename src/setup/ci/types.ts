/** What a workflow is made for. */
export interface CiOptions {
  /** Installs the project and perfwright: `npm ci && npm install --no-save perfwright`. */
  readonly install: string
  /** Starts the service, as `run --target-cmd`. */
  readonly start: string
  readonly smoke: string
  /** Script or plan of the load test by night. */
  readonly load: string
  /** `slo.yaml`; undefined without. */
  readonly slo: string | undefined
  readonly nodeVersion: string
  /** Five fields of cron, UTC. */
  readonly nightly: string
}

export const defaultCiOptions: CiOptions = {
  install: 'npm ci && npm install --no-save perfwright',
  start: 'npm start',
  smoke: 'perfwright/smoke.ts',
  load: 'perfwright/load.ts',
  slo: undefined,
  nodeVersion: '22',
  nightly: '17 3 * * *',
}

/** A run of a script with all that its record is to hold. */
export function runLine(options: CiOptions, script: string, name: string): string {
  const slo = options.slo === undefined ? '' : ` --slo ${quoted(options.slo)}`
  return `npx perfwright run ${quoted(script)} --target-cmd "$START"${slo} --record perfwright-out/${name} --summary-export perfwright-out/${name}.json`
}

/** For a shell. */
export function quoted(text: string): string {
  return /^[\w./:=@-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}
