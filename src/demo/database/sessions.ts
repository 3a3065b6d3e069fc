/**
 * The sessions of the wire server, as `pg_stat_activity` of a real server would have them. The database behind is one
 * session, whose own view knows nothing of the connections: so its name is taken by a temporary view (temporary names
 * come first), which reads what the wire server says of its connections at that moment.
 *
 * A connection that waits for its turn is `active` and waits for `IPC: EmbeddedTurn`: in a real server it would run.
 */
export interface Session {
  readonly id: number
  readonly applicationName: string
  readonly user: string
  readonly port: number
  readonly startedMs: number
  state: 'active' | 'idle' | 'idle in transaction'
  isWaiting: boolean
  changedMs: number
  transactionMs: number | undefined
  statementMs: number | undefined
  /** The last messages as they came; the statement is looked for in them only when somebody asks. */
  messages: Uint8Array | undefined
}

/** Run once, on the database's own connection. */
export const sessionsView = `
create temp view pg_stat_activity as
select d.oid as datid, d.datname, s.pid, null::int as leader_pid, r.oid as usesysid, s.usename::name, s.application_name,
  inet '127.0.0.1' as client_addr, null::text as client_hostname, s.client_port, s.backend_start, s.xact_start,
  s.query_start, s.state_change, s.wait_event_type, s.wait_event, s.state, null::xid as backend_xid,
  null::xid as backend_xmin, null::bigint as query_id, s.query, 'client backend'::text as backend_type
from json_to_recordset(coalesce(nullif(current_setting('wire.sessions', true), ''), '[]')::json) as s (
  pid int, usename text, application_name text, client_port int, backend_start timestamptz, xact_start timestamptz,
  query_start timestamptz, state_change timestamptz, wait_event_type text, wait_event text, state text, query text)
join pg_database d on d.datname = current_database()
left join pg_roles r on r.rolname = s.usename`

const asked = Buffer.from('pg_stat_activity')

/** Whether the view will be read. */
export function asksForSessions(messages: Uint8Array): boolean {
  return Buffer.from(messages.buffer, messages.byteOffset, messages.byteLength).includes(asked)
}

/** The statement that tells the view of the sessions. Marked, so that an observer knows it for none of the shop's. */
export function tellSessions(sessions: Iterable<Session>): string {
  const rows = [...sessions].map((session) => ({
    pid: session.id,
    usename: session.user,
    application_name: session.applicationName,
    client_port: session.port,
    backend_start: instant(session.startedMs),
    xact_start: instant(session.transactionMs),
    query_start: instant(session.statementMs),
    state_change: instant(session.changedMs),
    wait_event_type: session.isWaiting ? 'IPC' : session.state === 'active' ? null : 'Client',
    wait_event: session.isWaiting ? 'EmbeddedTurn' : session.state === 'active' ? null : 'ClientRead',
    state: session.state,
    query: statementOf(session.messages),
  }))
  const json = JSON.stringify(rows).replaceAll("'", "''").replaceAll('\\', '\\\\').replaceAll('\0', '')
  return `select /* perfwright */ set_config('wire.sessions', E'${json}', false)`
}

/** Text of the last Query or Parse among the messages; '' when a prepared statement was only run. */
function statementOf(messages: Uint8Array | undefined): string {
  if (messages === undefined) return ''
  const bytes = Buffer.from(messages.buffer, messages.byteOffset, messages.byteLength)
  let found = ''
  for (let at = 0; at + 5 <= bytes.length; at += 1 + bytes.readInt32BE(at + 1)) {
    const type = bytes[at]
    const body = bytes.subarray(at + 5, at + 1 + bytes.readInt32BE(at + 1))
    if (type === 0x51) found = cString(body, 0)
    // Parse: name of the statement, then its text.
    else if (type === 0x50) found = cString(body, body.indexOf(0) + 1)
  }
  return found
}

/** As long as a server shows by default (`track_activity_query_size`). */
function cString(bytes: Buffer, from: number): string {
  const end = bytes.indexOf(0, from)
  return bytes.toString('utf8', from, Math.min(end < 0 ? bytes.length : end, from + 1024))
}

function instant(ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString()
}
