/** The other end of the REST API: asks a run, of ours or of k6. */
import { refused, unreachable } from './errors.js'

/** As the API tells it. */
export interface RemoteStatus {
  readonly status: number
  readonly paused: boolean
  readonly vus: number
  readonly 'vus-max': number
  readonly stopped: boolean
  readonly running: boolean
  readonly tainted: boolean
}

export interface StatusChange {
  readonly paused?: boolean
  readonly vus?: number
  readonly 'vus-max'?: number
  readonly stopped?: boolean
}

/** @throws PW_CONTROL_UNREACHABLE, PW_CONTROL_REFUSED */
export async function readStatus(address: string): Promise<RemoteStatus> {
  return await ask(address, { method: 'GET' })
}

/** @throws PW_CONTROL_UNREACHABLE, PW_CONTROL_REFUSED in the run's words */
export async function changeStatus(address: string, attributes: StatusChange): Promise<RemoteStatus> {
  const body = JSON.stringify({ data: { type: 'status', id: 'default', attributes } })
  return await ask(address, { method: 'PATCH', body, headers: { 'Content-Type': 'application/json' } })
}

/** Scaling waits for VUs to be initialised, which may take a while. */
const TIMEOUT_MS = 120_000

async function ask(address: string, init: RequestInit): Promise<RemoteStatus> {
  const host = address.startsWith(':') ? `localhost${address}` : address
  let text: string
  let status: number
  try {
    const response = await fetch(`http://${host}/v1/status`, { ...init, signal: AbortSignal.timeout(TIMEOUT_MS) })
    status = response.status
    text = await response.text()
  } catch (error) {
    const { cause, message } = error as Error
    throw unreachable(
      address,
      cause instanceof Error && cause.message !== '' ? cause.message : codeOf(cause, message),
      error,
    )
  }
  const answer = parse(text)
  const [problem] = answer?.errors ?? []
  if (problem !== undefined) throw refused(address, String(problem.title), String(problem.detail))
  const attributes = answer?.data?.attributes
  if (status !== 200 || attributes === undefined)
    throw unreachable(address, `what listens there is no run of perfwright or k6 (status ${status})`)
  return attributes
}

/** Several addresses of a name that all refuse give an error without a message. */
function codeOf(cause: unknown, message: string): string {
  return (cause as NodeJS.ErrnoException | undefined)?.code ?? message
}

interface Answer {
  readonly data?: { readonly attributes?: RemoteStatus }
  readonly errors?: readonly { readonly title?: unknown; readonly detail?: unknown }[]
}

function parse(text: string): Answer | undefined {
  try {
    const value = JSON.parse(text) as unknown
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}
