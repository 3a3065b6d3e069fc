/** Why there is no Prometheus here, with the line that installs it; undefined when there is one. */
export const prometheusMissing: string | undefined
export interface PrometheusServer {
  readonly url: string
  readonly host: string
  readonly port: number
  readonly dir: string
  readonly pid: number
  stop(): Promise<void>
}
export function startPrometheus(): Promise<PrometheusServer>
