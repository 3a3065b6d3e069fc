/** Records of the folder: found, sorted, chosen for a comparison, and the course of one number over them. */
import { useComputed, useSignal } from '@preact/signals'
import { useEffect, useMemo } from 'preact/hooks'
import type { RecordRow } from '#dashboard/wire.js'
import { type Column, DataTable } from '../components/data-table.js'
import { formatClock, formatNumber } from '../components/format.js'
import { ask } from './api.js'
import { RunTrend } from './run-trend.js'

export function RecordsView() {
  const rows = useSignal<readonly RecordRow[] | null>(null)
  const problem = useSignal('')
  const search = useSignal('')
  const verdict = useSignal('any')
  const name = useSignal('any')
  const commit = useSignal('any')
  const picked = useSignal<readonly string[]>([])
  useEffect(() => {
    document.title = 'Records - perfwright'
    ask<RecordRow[]>('/api/records').then(
      (found) => (rows.value = found),
      (error: Error) => (problem.value = error.message),
    )
  }, [])
  const shown = useComputed(() => {
    const wanted = search.value.trim().toLowerCase()
    return (rows.value ?? []).filter(
      (row) =>
        (verdict.value === 'any' || verdictOf(row) === verdict.value) &&
        (name.value === 'any' || row.name === name.value) &&
        (commit.value === 'any' || row.commit === commit.value) &&
        (wanted === '' ||
          [row.id, row.name, row.script, row.branch, row.commit, row.reason].join(' ').toLowerCase().includes(wanted)),
    )
  })
  const columns = useMemo(() => columnsOf(picked), [])
  if (problem.value !== '') return <p class="panel bad">{problem.value}</p>
  if (rows.value === null) return <p class="panel quiet">Reading the records…</p>
  if (rows.value.length === 0) {
    return (
      <div class="panel">
        <h1>No records here yet</h1>
        <p>
          Every <code>perfwright run SCRIPT</code> in this folder leaves one below <code>.perfwright/runs</code>.
        </p>
      </div>
    )
  }
  const names = [...new Set(rows.value.map((row) => row.name))].sort()
  const commits = [...new Set(rows.value.map((row) => row.commit).filter((one) => one !== null))]
  const [a, b] = picked.value
  return (
    <>
      <h1 class="page-title">Records</h1>
      <div class="control-row filters">
        <label>
          <span class="hidden">Search</span>
          <input
            type="search"
            placeholder="Search name, script, branch, commit"
            value={search.value}
            onInput={(event) => (search.value = event.currentTarget.value)}
          />
        </label>
        <Pick label="Verdict" value={verdict} options={['any', 'passed', 'failed', 'running', 'killed', 'damaged']} />
        <Pick label="Name" value={name} options={['any', ...names]} />
        {commits.length === 0 ? null : (
          <Pick label="Commit" value={commit} options={['any', ...commits]} show={(one) => one.slice(0, 10)} />
        )}
        <span class="quiet" role="status">
          {shown.value.length} of {rows.value.length}
        </span>
        {a !== undefined && b !== undefined ? (
          <a class="button primary" href={`/compare?a=${encodeURIComponent(a)}&b=${encodeURIComponent(b)}`}>
            Compare the two
          </a>
        ) : (
          <span class="quiet">Choose two to compare them.</span>
        )}
      </div>
      <RunTrend rows={shown.value} />
      <DataTable<RecordRow>
        label="Records"
        columns={columns}
        rows={shown.value}
        keyOf={(row) => row.id}
        sort={{ key: 'started', down: true }}
        maxHeight={620}
        empty="No record is like that."
      />
    </>
  )
}

interface PickProps {
  readonly label: string
  readonly value: { value: string }
  readonly options: readonly string[]
  readonly show?: (option: string) => string
}

function Pick({ label, value, options, show = (option) => option }: PickProps) {
  return (
    <label>
      {label}{' '}
      <select value={value.value} onChange={(event) => (value.value = event.currentTarget.value)}>
        {options.map((option) => (
          <option key={option} value={option}>
            {show(option)}
          </option>
        ))}
      </select>
    </label>
  )
}

export function verdictOf({ state, exitCode }: RecordRow): string {
  if (state !== 'finished') return state
  return exitCode === 0 ? 'passed' : 'failed'
}

export function VerdictPill({ row }: { readonly row: RecordRow }) {
  const verdict = verdictOf(row)
  const kind = verdict === 'passed' ? 'good' : verdict === 'running' ? '' : verdict === 'failed' ? 'bad' : 'warn'
  return (
    <span class={`pill ${kind}`} title={row.reason ?? row.problem ?? ''}>
      {verdict}
      {verdict === 'failed' ? ` ${row.exitCode}` : ''}
    </span>
  )
}

function columnsOf(picked: { value: readonly string[] }): Column<RecordRow>[] {
  const toggle = (id: string): void => {
    picked.value = picked.value.includes(id)
      ? picked.value.filter((one) => one !== id)
      : [...picked.value.slice(-1), id]
  }
  const number = (
    key: keyof RecordRow & ('perS' | 'p50' | 'p95' | 'p99' | 'failedRatio'),
    title: string,
    unit: 'ms' | 'per-s' | 'ratio',
  ): Column<RecordRow> => ({
    key,
    title,
    width: '84px',
    isNumber: true,
    sortBy: (row) => row[key],
    cell: (row) => formatNumber(row[key], unit),
  })
  return [
    {
      key: 'pick',
      title: '',
      width: '26px',
      cell: (row) => (
        <input
          type="checkbox"
          class="pick"
          aria-label={`Compare ${row.id}`}
          checked={picked.value.includes(row.id)}
          onChange={() => toggle(row.id)}
        />
      ),
    },
    { key: 'verdict', title: 'verdict', width: '92px', sortBy: verdictOf, cell: (row) => <VerdictPill row={row} /> },
    {
      key: 'name',
      title: 'name',
      width: 'minmax(150px, 1fr)',
      sortBy: (row) => row.name,
      tooltip: (row) => row.id,
      cell: (row) => <a href={`/record?id=${encodeURIComponent(row.id)}`}>{row.name}</a>,
    },
    {
      key: 'started',
      title: 'started',
      width: '150px',
      sortBy: (row) => row.startedUnixMs,
      cell: (row) =>
        row.startedUnixMs === 0 ? '-' : new Date(row.startedUnixMs).toISOString().slice(0, 19).replace('T', ' '),
    },
    {
      key: 'duration',
      title: 'length',
      width: '64px',
      isNumber: true,
      sortBy: (row) => row.durationS,
      cell: (row) => (row.durationS === null ? '-' : formatClock(row.durationS)),
    },
    number('perS', 'req/s', 'per-s'),
    number('failedRatio', 'failed', 'ratio'),
    number('p50', 'p50', 'ms'),
    number('p95', 'p95', 'ms'),
    number('p99', 'p99', 'ms'),
    {
      key: 'findings',
      title: 'findings',
      width: '74px',
      isNumber: true,
      sortBy: (row) => (row.findings === null ? null : row.findings.critical * 1000 + row.findings.warning),
      cell: (row) =>
        row.findings === null ? (
          '-'
        ) : (
          <span class={row.findings.critical > 0 ? 'bad' : ''}>{row.findings.critical + row.findings.warning}</span>
        ),
    },
    {
      key: 'commit',
      title: 'commit',
      width: '150px',
      sortBy: (row) => row.branch,
      tooltip: (row) => row.commit ?? '',
      cell: (row) => (row.commit === null ? '-' : <code>{`${row.commit.slice(0, 8)} ${row.branch ?? ''}`}</code>),
    },
  ]
}
