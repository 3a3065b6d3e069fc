/** One record: its report in a frame of its own origin, its profiles, its files; live while it is written. */
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { RecordDetail } from '#dashboard/wire.js'
import { ask } from './api.js'
import { VerdictPill } from './records-view.js'

export function RecordView({ id }: { readonly id: string }) {
  const detail = useSignal<RecordDetail | null>(null)
  const problem = useSignal('')
  const shown = useSignal('report')
  useEffect(() => {
    ask<RecordDetail>(`/api/record/${encodeURIComponent(id)}`).then(
      (found) => {
        detail.value = found
        document.title = `${found.name} - perfwright`
      },
      (error: Error) => (problem.value = error.message),
    )
  }, [id])
  if (problem.value !== '') return <p class="panel bad">{problem.value}</p>
  const row = detail.value
  if (row === null) return <p class="panel quiet">Reading the record…</p>
  const files = `/files/${encodeURIComponent(id)}`
  const profile = (name: string): string => `${files}/profiles/${name.split('/').map(encodeURIComponent).join('/')}`
  const hasReport = row.formats.includes('html')
  const frame = shown.value === 'report' ? `${files}/report.html` : profile(shown.value)
  return (
    <>
      <div class="head">
        <div class="head-name">
          <h1>{row.name}</h1>
          <p class="quiet">
            <VerdictPill row={row} /> <code>{row.id}</code>
          </p>
        </div>
        <div class="control-row">
          {row.live ? (
            <a
              class={`button ${row.state === 'running' ? 'primary' : ''}`}
              href={`/live?run=${encodeURIComponent(id)}`}
            >
              {row.state === 'running' ? 'Watch it live' : 'Charts'}
            </a>
          ) : null}
          {row.formats.map((format) => (
            <a class="button" key={format} href={`${files}/report.${format}`} download>
              {format}
            </a>
          ))}
        </div>
      </div>
      {row.problem === null ? null : <p class="banner bad">{row.problem}</p>}
      {row.reason === null ? null : <p class="banner warn">{row.reason}</p>}
      {row.profiles.length === 0 ? null : (
        <div class="control-row" role="group" aria-label="What is shown">
          <button type="button" aria-pressed={shown.value === 'report'} onClick={() => (shown.value = 'report')}>
            Report
          </button>
          {row.profiles.map((name) => (
            <button type="button" key={name} aria-pressed={shown.value === name} onClick={() => (shown.value = name)}>
              {name}
            </button>
          ))}
        </div>
      )}
      {row.problem !== null || row.state === 'running' ? null : hasReport || shown.value !== 'report' ? (
        <iframe
          class="report"
          src={frame}
          title={shown.value === 'report' ? 'Report' : `Flame graph ${shown.value}`}
          sandbox="allow-scripts allow-downloads"
        />
      ) : null}
    </>
  )
}
