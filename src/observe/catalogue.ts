/**
 * What may stand in `observed/<part>/`: the names that collectors write and that rules, reports and the dashboard read.
 * Gauges of the last second (rates are per second of that second). The unit is the end of the name: `_ratio` 0..1,
 * `_bytes`, `_ms`, `_cores` (CPU seconds per second), `_per_s`, otherwise a count. What a system does not offer is
 * left out, never 0.
 */
export interface ObservedMetric {
  readonly name: string
  readonly meaning: string
  /** Tags of its readings, for what comes once for each of several things. */
  readonly tags?: readonly string[]
}

export type ObservedPart =
  | 'host'
  | 'cgroup'
  | 'target'
  | 'node'
  | 'python'
  | 'go'
  | 'postgres'
  | 'mysql'
  | 'mongodb'
  | 'redis'
  | 'prometheus'
  | 'traces'

export const catalogue: Readonly<Record<ObservedPart, readonly ObservedMetric[]>> = {
  /** The machine on which the target runs, from /proc; the injector's own share is in `injector`. */
  host: [
    { name: 'cpu_ratio', meaning: 'not idle, of all cores' },
    { name: 'cpu_user_ratio', meaning: 'of all cores' },
    { name: 'cpu_system_ratio', meaning: 'of all cores' },
    { name: 'cpu_iowait_ratio', meaning: 'of all cores' },
    { name: 'cpu_steal_ratio', meaning: 'taken by the hypervisor, of all cores' },
    { name: 'cores', meaning: 'cores' },
    { name: 'other_cpu_cores', meaning: 'CPU of processes that are neither target, its databases nor the injector' },
    { name: 'run_queue', meaning: 'runnable tasks' },
    { name: 'load_1m', meaning: 'load average' },
    { name: 'memory_used_ratio', meaning: '1 - MemAvailable / MemTotal' },
    { name: 'memory_available_bytes', meaning: 'MemAvailable' },
    { name: 'swap_in_pages_per_s', meaning: 'pages swapped in' },
    { name: 'disk_read_bytes_per_s', meaning: 'all block devices', tags: ['device'] },
    { name: 'disk_write_bytes_per_s', meaning: 'all block devices', tags: ['device'] },
    { name: 'disk_busy_ratio', meaning: 'time with at least one request out', tags: ['device'] },
    { name: 'net_receive_bytes_per_s', meaning: 'by interface', tags: ['interface'] },
    { name: 'net_transmit_bytes_per_s', meaning: 'by interface', tags: ['interface'] },
    { name: 'tcp_retransmit_ratio', meaning: 'segments sent again, of all sent' },
    { name: 'tcp_listen_overflows_per_s', meaning: 'connections refused by a full accept queue' },
    { name: 'tcp_rtt_ms', meaning: 'smoothed round-trip time of the connections to the target, median' },
    { name: 'psi_cpu_some_ratio', meaning: 'time in which some task waited for CPU' },
    { name: 'psi_memory_some_ratio', meaning: 'time in which some task waited for memory' },
    { name: 'psi_io_some_ratio', meaning: 'time in which some task waited for a disk' },
  ],
  /** The target's control group, where it has limits. */
  cgroup: [
    { name: 'cpu_cores', meaning: 'CPU used' },
    { name: 'cpu_limit_cores', meaning: 'quota' },
    { name: 'cpu_throttled_ratio', meaning: 'periods in which the quota ran out' },
    { name: 'memory_bytes', meaning: 'memory used' },
    { name: 'memory_limit_bytes', meaning: 'memory.max' },
    { name: 'memory_limit_hits_per_s', meaning: 'times the limit was reached' },
  ],
  /** The target's process and all its children together. */
  target: [
    { name: 'cpu_cores', meaning: 'CPU used' },
    { name: 'cpu_user_cores', meaning: 'CPU in user mode' },
    { name: 'main_thread_cpu_ratio', meaning: 'CPU of the busiest single thread, of one core' },
    { name: 'cores_allowed', meaning: 'cores that the main process may run on (affinity)' },
    { name: 'run_delay_ratio', meaning: 'time runnable threads waited for a core, per second' },
    { name: 'rss_bytes', meaning: 'resident memory' },
    { name: 'pss_bytes', meaning: 'resident memory, shared pages divided among their users' },
    { name: 'processes', meaning: 'processes' },
    { name: 'threads', meaning: 'threads' },
    { name: 'open_fds', meaning: 'open descriptors' },
    { name: 'fd_limit', meaning: 'soft limit of descriptors of the main process' },
    { name: 'sockets', meaning: 'open sockets' },
    { name: 'connections_in', meaning: 'established connections to its listening ports' },
    { name: 'connections_out', meaning: 'established connections to others, by peer', tags: ['peer'] },
    { name: 'accept_queue', meaning: 'connections that wait to be accepted, of all its listening ports' },
    { name: 'accept_queue_limit', meaning: 'backlog of the fullest listening port' },
    { name: 'voluntary_switches_per_s', meaning: 'context switches because it waited' },
    { name: 'involuntary_switches_per_s', meaning: 'context switches because its time was up' },
    { name: 'read_bytes_per_s', meaning: 'from storage' },
    { name: 'write_bytes_per_s', meaning: 'to storage' },
    { name: 'restarts', meaning: 'times the main process was found to be another one' },
  ],
  /** Node by the inspector, sampled from inside the target. */
  node: [
    { name: 'event_loop_utilization_ratio', meaning: 'share of the second in which the loop was not idle' },
    { name: 'event_loop_lag_p50_ms', meaning: 'delay of a timer beyond its due time' },
    { name: 'event_loop_lag_p99_ms', meaning: 'delay of a timer beyond its due time' },
    { name: 'event_loop_lag_max_ms', meaning: 'delay of a timer beyond its due time' },
    { name: 'gc_ratio', meaning: 'share of the second in collections' },
    { name: 'gc_max_ms', meaning: 'longest collection' },
    { name: 'gc_minor_per_s', meaning: 'scavenges' },
    { name: 'gc_major_per_s', meaning: 'mark-compacts' },
    { name: 'heap_used_bytes', meaning: 'used heap' },
    { name: 'heap_after_gc_bytes', meaning: 'used heap after the last major collection' },
    { name: 'heap_limit_bytes', meaning: 'heap_size_limit' },
    { name: 'heap_space_bytes', meaning: 'used, by heap space', tags: ['space'] },
    { name: 'external_bytes', meaning: 'buffers and other memory outside the heap' },
    { name: 'active_handles', meaning: 'active resources of the loop', tags: ['type'] },
    { name: 'threadpool_lag_ms', meaning: 'time a piece of work waited for a thread of the pool' },
  ],
  /** Python by sampling from outside (py-spy). */
  python: [
    { name: 'threads', meaning: 'Python threads' },
    { name: 'threads_active', meaning: 'threads that run or could run, mean of the samples' },
    { name: 'gil_held_ratio', meaning: 'samples in which some thread held the GIL' },
    { name: 'gil_waiting_threads', meaning: 'runnable threads without the GIL, mean' },
    {
      name: 'threads_waiting',
      meaning: 'threads that wait, by the function they wait in, and for what (lock, pool, sleep, io, other)',
      tags: ['function', 'waits'],
    },
    { name: 'gc_collections_per_s', meaning: 'collections of all generations, from a Prometheus endpoint' },
  ],
  /** Go by net/http/pprof, expvar or a Prometheus endpoint of the process. */
  go: [
    { name: 'goroutines', meaning: 'goroutines' },
    {
      name: 'goroutines_at',
      meaning: 'goroutines by where they wait, and for what (lock, pool, sleep, io, other)',
      tags: ['function', 'waits'],
    },
    { name: 'gomaxprocs', meaning: 'GOMAXPROCS' },
    { name: 'heap_inuse_bytes', meaning: 'bytes in spans in use' },
    { name: 'heap_after_gc_bytes', meaning: 'live heap after the last collection' },
    { name: 'gc_ratio', meaning: 'share of CPU in collections' },
    { name: 'gc_pause_max_ms', meaning: 'longest pause of the second' },
    { name: 'gc_per_s', meaning: 'collections' },
    { name: 'alloc_bytes_per_s', meaning: 'allocated' },
    { name: 'mutex_wait_ms_per_s', meaning: 'time goroutines waited for mutexes' },
    { name: 'block_wait_ms_per_s', meaning: 'time goroutines were blocked, from the block profile' },
  ],
  postgres: [
    { name: 'connections', meaning: 'client connections by state', tags: ['state'] },
    { name: 'connections_active', meaning: 'connections that run a statement' },
    { name: 'connections_idle_in_transaction', meaning: 'in a transaction, doing nothing' },
    { name: 'connections_limit', meaning: 'max_connections' },
    { name: 'waiting', meaning: 'active connections by wait event', tags: ['type', 'event'] },
    { name: 'waiting_lock', meaning: 'connections that wait for a lock' },
    { name: 'longest_transaction_ms', meaning: 'age of the oldest open transaction' },
    { name: 'transactions_per_s', meaning: 'commits and rollbacks' },
    { name: 'rollbacks_per_s', meaning: 'rollbacks' },
    { name: 'deadlocks_per_s', meaning: 'deadlocks' },
    { name: 'cache_hit_ratio', meaning: 'blocks found in shared buffers' },
    { name: 'blocks_read_per_s', meaning: 'blocks read from below' },
    { name: 'temp_bytes_per_s', meaning: 'spilled to disk' },
    { name: 'rows_read_per_s', meaning: 'rows fetched or read by scans' },
    { name: 'seq_rows_read_per_s', meaning: 'rows read by sequential scans, by table', tags: ['table'] },
    {
      name: 'statement_calls_per_s',
      meaning: 'by statement; its text is in the event `statement`; not for seconds without calls',
      tags: ['id'],
    },
    { name: 'statement_ms_per_s', meaning: 'execution time by statement, per second', tags: ['id'] },
    { name: 'statement_rows_per_s', meaning: 'rows returned or changed by statement', tags: ['id'] },
    { name: 'statement_blocks_per_s', meaning: 'shared blocks hit and read by statement', tags: ['id'] },
    { name: 'database_bytes', meaning: 'size of the database' },
  ],
  mysql: [
    { name: 'connections', meaning: 'threads connected' },
    { name: 'connections_active', meaning: 'threads running' },
    { name: 'connections_limit', meaning: 'max_connections' },
    { name: 'queries_per_s', meaning: 'statements' },
    { name: 'slow_queries_per_s', meaning: 'statements above long_query_time' },
    { name: 'row_lock_waits_per_s', meaning: 'waits for a row lock' },
    { name: 'row_lock_wait_ms_per_s', meaning: 'time waited for row locks' },
    { name: 'buffer_pool_hit_ratio', meaning: 'reads served from the buffer pool' },
    { name: 'rows_read_per_s', meaning: 'rows read' },
    { name: 'full_scans_per_s', meaning: 'joins and reads without an index' },
    { name: 'temp_disk_tables_per_s', meaning: 'temporary tables on disk' },
    { name: 'statement_calls_per_s', meaning: 'by statement digest', tags: ['id'] },
    { name: 'statement_ms_per_s', meaning: 'execution time by statement digest', tags: ['id'] },
    { name: 'statement_rows_per_s', meaning: 'rows sent or changed by statement digest', tags: ['id'] },
    { name: 'statement_scanned_rows_per_s', meaning: 'rows examined by statement digest', tags: ['id'] },
    { name: 'connections_by_state', meaning: 'threads by what they do (`sleep`: nothing)', tags: ['state'] },
    { name: 'waiting_lock', meaning: 'transactions that wait for a row lock' },
    { name: 'scanned_rows_per_s', meaning: 'rows read one after another by scans' },
    { name: 'deadlocks_per_s', meaning: 'deadlocks' },
    { name: 'refused_connections_per_s', meaning: 'connections refused, because max_connections was reached' },
  ],
  mongodb: [
    { name: 'connections', meaning: 'current connections' },
    { name: 'operations_per_s', meaning: 'by type', tags: ['type'] },
    { name: 'queued', meaning: 'operations that wait for a lock' },
    { name: 'documents_examined_per_s', meaning: 'documents examined' },
    { name: 'documents_returned_per_s', meaning: 'documents returned' },
    { name: 'collection_scans_per_s', meaning: 'collection scans' },
    { name: 'cache_used_ratio', meaning: 'WiredTiger cache in use' },
    { name: 'cache_hit_ratio', meaning: 'pages found in the WiredTiger cache' },
    { name: 'connections_active', meaning: 'connections that run an operation' },
    { name: 'connections_limit', meaning: 'current and available connections' },
    { name: 'operation_ms_per_s', meaning: 'time in operations (reads, writes, commands)', tags: ['type'] },
    { name: 'operations_long', meaning: 'operations that run for 100 ms and more; `slow-command` events tell them' },
    { name: 'tickets_available', meaning: 'reads and writes that could begin in the storage engine', tags: ['type'] },
    { name: 'keys_examined_per_s', meaning: 'index keys examined' },
    { name: 'sorts_without_index_per_s', meaning: 'queries that sorted in memory' },
    { name: 'write_conflicts_per_s', meaning: 'writes that had to begin again' },
    { name: 'memory_bytes', meaning: 'resident memory of the server' },
    { name: 'statement_calls_per_s', meaning: 'by statement, of what the profiler noted', tags: ['id'] },
    { name: 'statement_ms_per_s', meaning: 'time by statement, of what the profiler noted', tags: ['id'] },
    { name: 'statement_examined_per_s', meaning: 'documents examined by statement', tags: ['id'] },
  ],
  redis: [
    { name: 'clients', meaning: 'connected clients' },
    { name: 'clients_blocked', meaning: 'clients in a blocking command' },
    { name: 'clients_limit', meaning: 'maxclients' },
    { name: 'commands_per_s', meaning: 'commands' },
    { name: 'command_calls_per_s', meaning: 'by command', tags: ['command'] },
    { name: 'command_ms_per_s', meaning: 'time by command', tags: ['command'] },
    { name: 'cpu_cores', meaning: 'CPU of the server' },
    { name: 'latency_ms', meaning: 'our own PING' },
    { name: 'memory_bytes', meaning: 'used_memory' },
    { name: 'memory_limit_bytes', meaning: 'maxmemory' },
    { name: 'evictions_per_s', meaning: 'keys evicted' },
    { name: 'hit_ratio', meaning: 'keyspace hits of all lookups' },
    { name: 'slow_commands_per_s', meaning: 'new slow-log entries; their texts are `slow-command` events' },
    { name: 'keys', meaning: 'keys' },
    { name: 'error_replies_per_s', meaning: 'commands answered with an error' },
    { name: 'rejected_connections_per_s', meaning: 'connections refused, because maxclients was reached' },
    { name: 'output_bytes_per_s', meaning: 'bytes sent to clients' },
    { name: 'latency_event_ms', meaning: 'new spikes of the latency monitor (fork, command, ...)', tags: ['event'] },
  ],
  /** Series of a Prometheus endpoint or server, under their own names. */
  prometheus: [],
  /** Spans that were sent to us by OTLP, aggregated. */
  traces: [
    { name: 'spans_per_s', meaning: 'spans ended, by what they are', tags: ['service', 'name', 'kind'] },
    { name: 'span_ms_per_s', meaning: 'time in spans', tags: ['service', 'name', 'kind'] },
    { name: 'span_errors_per_s', meaning: 'spans with an error', tags: ['service', 'name', 'kind'] },
    { name: 'dropped_per_s', meaning: 'spans that were not kept' },
  ],
}
