/** Which of all that was observed a reader wants beside the load, in charts of like units. */
import type { Evidence } from '#diagnose/evidence.js'
import type { ObservedSeries } from '#diagnose/observed-table.js'
import type { Series, SystemChart } from './page-data.js'

interface Wanted {
  readonly title: string
  readonly unit: SystemChart['unit']
  /** `kind metric`, with the label of its line; tagged metrics bring their largest series. */
  readonly of: readonly (readonly [kind: string, metric: string, label: string])[]
}

const wanted: readonly Wanted[] = [
  {
    title: 'CPU',
    unit: 'cores',
    of: [
      ['target', 'cpu_cores', 'target'],
      ['target', 'main_thread_cpu_ratio', 'busiest thread'],
      ['host', 'other_cpu_cores', 'other processes'],
      ['injector', 'cpu_cores', 'load generator'],
    ],
  },
  {
    title: 'Machine',
    unit: 'ratio',
    of: [
      ['host', 'cpu_ratio', 'CPU busy'],
      ['host', 'cpu_iowait_ratio', 'waiting for disk'],
      ['host', 'cpu_steal_ratio', 'stolen'],
      ['host', 'memory_used_ratio', 'memory used'],
      ['cgroup', 'cpu_throttled_ratio', 'throttled'],
    ],
  },
  {
    title: 'Memory of the target',
    unit: 'bytes',
    of: [
      ['target', 'rss_bytes', 'resident'],
      ['node', 'heap_used_bytes', 'heap used'],
      ['node', 'heap_after_gc_bytes', 'heap after collection'],
      ['node', 'external_bytes', 'outside the heap'],
      ['go', 'heap_inuse_bytes', 'heap in use'],
      ['go', 'heap_after_gc_bytes', 'heap after collection'],
    ],
  },
  {
    title: 'Event loop delay',
    unit: 'ms',
    of: [
      ['node', 'event_loop_lag_p50_ms', 'p50'],
      ['node', 'event_loop_lag_p99_ms', 'p99'],
      ['node', 'event_loop_lag_max_ms', 'max'],
      ['node', 'threadpool_lag_ms', 'thread pool'],
    ],
  },
  {
    title: 'Event loop and garbage collection',
    unit: 'ratio',
    of: [
      ['node', 'event_loop_utilization_ratio', 'loop busy'],
      ['node', 'gc_ratio', 'collecting'],
      ['go', 'gc_ratio', 'collecting'],
      ['python', 'gil_held_ratio', 'GIL held'],
    ],
  },
  {
    title: 'Threads and goroutines',
    unit: 'count',
    of: [
      ['target', 'threads', 'threads'],
      ['go', 'goroutines', 'goroutines'],
      ['python', 'threads_active', 'threads active'],
      ['python', 'gil_waiting_threads', 'wait for the GIL'],
    ],
  },
  {
    title: 'Connections and descriptors of the target',
    unit: 'count',
    of: [
      ['target', 'connections_in', 'connections in'],
      ['target', 'connections_out', 'connections to'],
      ['target', 'open_fds', 'descriptors'],
      ['target', 'accept_queue', 'waiting to be accepted'],
    ],
  },
  {
    title: 'PostgreSQL connections',
    unit: 'count',
    of: [
      ['postgres', 'connections_active', 'active'],
      ['postgres', 'connections_idle_in_transaction', 'idle in transaction'],
      ['postgres', 'waiting_lock', 'waiting for a lock'],
      ['postgres', 'connections', 'connections'],
    ],
  },
  {
    title: 'PostgreSQL: time in statements, ms per second',
    unit: 'count',
    of: [['postgres', 'statement_ms_per_s', 'statement']],
  },
  {
    title: 'PostgreSQL: rows read by sequential scans',
    unit: 'per-s',
    of: [['postgres', 'seq_rows_read_per_s', 'table']],
  },
  {
    title: 'MySQL',
    unit: 'count',
    of: [
      ['mysql', 'connections', 'connections'],
      ['mysql', 'connections_active', 'active'],
    ],
  },
  {
    title: 'Redis: commands',
    unit: 'per-s',
    of: [
      ['redis', 'commands_per_s', 'all'],
      ['redis', 'evictions_per_s', 'evictions'],
      ['redis', 'slow_commands_per_s', 'slow'],
    ],
  },
  {
    title: 'Network',
    unit: 'bytes-per-s',
    of: [
      ['host', 'net_receive_bytes_per_s', 'received'],
      ['host', 'net_transmit_bytes_per_s', 'sent'],
    ],
  },
  {
    title: 'Disks',
    unit: 'ratio',
    of: [['host', 'disk_busy_ratio', 'busy']],
  },
]

/** Lines of one chart: more cannot be told apart. */
const maxLines = 6
const maxOfOne = 4

export function systemCharts(evidence: Evidence, series: (column: Float64Array) => Series): SystemChart[] {
  const statements = new Map(
    evidence.events.flatMap(({ type, detail }) =>
      type === 'statement' ? [[String(detail['id']), String(detail['sql'])] as const] : [],
    ),
  )
  return wanted.flatMap(({ title, unit, of }) => {
    const lines = of.flatMap(([kind, metric, label]) =>
      largest(evidence.observed.list(kind, metric)).map((one) => ({
        label: labelOf(one, label, statements),
        values: series(one.values),
      })),
    )
    const some = lines.filter(({ values }) => values.some((value) => value !== null && value !== 0)).slice(0, maxLines)
    return some.length === 0 ? [] : [{ title, unit, series: some }]
  })
}

function largest(list: readonly ObservedSeries[]): ObservedSeries[] {
  const sum = ({ values }: ObservedSeries): number =>
    values.reduce((total, value) => (Number.isNaN(value) ? total : total + value), 0)
  return [...list].sort((a, b) => sum(b) - sum(a)).slice(0, maxOfOne)
}

function labelOf({ tags, part, kind }: ObservedSeries, label: string, statements: ReadonlyMap<string, string>): string {
  const sql = tags['id'] === undefined ? undefined : statements.get(tags['id'])
  if (sql !== undefined) return sql.replace(/\s+/g, ' ').slice(0, 60)
  const values = Object.values(tags)
  const which = part === kind ? '' : ` (${part})`
  return values.length === 0 ? `${label}${which}` : `${label} ${values.join(' ')}${which}`
}
