/** What stands below the charts: endpoints, failures, exceptions, checks, log, files to take away. */
import { useSignal } from '@preact/signals'
import type { ServerInfo } from '#dashboard/wire.js'
import { formatClock, formatNumber } from '../components/format.js'
import { tell } from './api.js'
import { Endpoints } from './endpoints.js'
import type { RunStore } from './store.js'

const TABS = ['Endpoints', 'Failures', 'Exceptions', 'Checks', 'Log', 'Download'] as const

export function Details({ store, info }: { readonly store: RunStore; readonly info: ServerInfo }) {
  const tab = useSignal<(typeof TABS)[number]>('Endpoints')
  const counts: Partial<Record<(typeof TABS)[number], number>> = {
    Failures: store.failures.value.length,
    Exceptions: store.exceptions.value.length,
    Checks: store.checks.value.length,
  }
  void store.tableVersion.value
  return (
    <section class="panel details" aria-label="Details">
      <div class="tabs" role="tablist" aria-label="Details">
        {TABS.map((name) => (
          <button
            type="button"
            role="tab"
            id={`tab-${name}`}
            key={name}
            aria-selected={tab.value === name}
            aria-controls="details"
            tabIndex={tab.value === name ? 0 : -1}
            onClick={() => (tab.value = name)}
            onKeyDown={(event) => {
              const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0
              if (step === 0) return
              const next = TABS[(TABS.indexOf(name) + step + TABS.length) % TABS.length] as (typeof TABS)[number]
              tab.value = next
              document.getElementById(`tab-${next}`)?.focus()
            }}
          >
            {name}
            {name === 'Endpoints' ? ` ${store.rows.size}` : counts[name] === undefined ? '' : ` ${counts[name]}`}
          </button>
        ))}
      </div>
      <div id="details" role="tabpanel" aria-labelledby={`tab-${tab.value}`}>
        {tab.value === 'Endpoints' ? <Endpoints store={store} /> : null}
        {tab.value === 'Failures' ? <Failures store={store} /> : null}
        {tab.value === 'Exceptions' ? <Exceptions store={store} /> : null}
        {tab.value === 'Checks' ? <Checks store={store} /> : null}
        {tab.value === 'Log' ? <Log store={store} /> : null}
        {tab.value === 'Download' ? <Download store={store} info={info} /> : null}
      </div>
    </section>
  )
}

function Failures({ store }: { readonly store: RunStore }) {
  const rows = store.failures.value
  if (rows.length === 0) return <p class="quiet">No request has failed.</p>
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Failed requests">
      <table class="plain">
        <thead>
          <tr>
            <th scope="col" class="num">
              count
            </th>
            <th scope="col">endpoint</th>
            <th scope="col">failure</th>
            <th scope="col">first, last</th>
            <th scope="col">example</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ endpoint, what, count, firstS, lastS, example }) => (
            <tr key={`${endpoint} ${what}`}>
              <td class="num">{formatNumber(count, 'count')}</td>
              <td class="mono">{endpoint}</td>
              <td>{what}</td>
              <td class="mono">
                {formatClock(firstS)}, {formatClock(lastS)}
              </td>
              <td>
                {example === null ? (
                  <span class="quiet">-</span>
                ) : (
                  <details>
                    <summary class="mono">
                      {example.method} {example.url}
                    </summary>
                    {example.requestBody === null ? null : <pre>{example.requestBody}</pre>}
                    {example.responseBody === null ? null : <pre>{example.responseBody}</pre>}
                  </details>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Exceptions({ store }: { readonly store: RunStore }) {
  const rows = store.exceptions.value
  if (rows.length === 0) return <p class="quiet">No iteration has thrown.</p>
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Exceptions">
      <table class="plain">
        <thead>
          <tr>
            <th scope="col" class="num">
              count
            </th>
            <th scope="col">what the script threw</th>
            <th scope="col">first, last</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ message, count, firstS, lastS }) => (
            <tr key={message}>
              <td class="num">{formatNumber(count, 'count')}</td>
              <td>
                <pre>{message}</pre>
              </td>
              <td class="mono">
                {formatClock(firstS)}, {formatClock(lastS)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Checks({ store }: { readonly store: RunStore }) {
  const rows = [...store.checks.value].sort((a, b) => b.fails - a.fails)
  if (rows.length === 0) return <p class="quiet">The script has made no check.</p>
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Checks">
      <table class="plain">
        <thead>
          <tr>
            <th scope="col">check</th>
            <th scope="col" class="num">
              held
            </th>
            <th scope="col" class="num">
              failed
            </th>
            <th scope="col" class="num">
              share
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ name, passes, fails }) => (
            <tr key={name}>
              <td>
                <span class={fails > 0 ? 'bad' : 'good'}>{fails > 0 ? '✗' : '✓'}</span> {name}
              </td>
              <td class="num">{formatNumber(passes, 'count')}</td>
              <td class="num">{formatNumber(fails, 'count')}</td>
              <td class="num">{formatNumber(passes / Math.max(1, passes + fails), 'ratio')}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Log({ store }: { readonly store: RunStore }) {
  const problem = useSignal('')
  const text = useSignal('')
  const canAnnotate = store.hello.value?.source === 'run' && store.status.value?.end == null
  return (
    <>
      {canAnnotate ? (
        <form
          class="control-row"
          onSubmit={(event) => {
            event.preventDefault()
            problem.value = ''
            tell(`${store.base}/annotate`, { text: text.value }).then(
              () => (text.value = ''),
              (error: Error) => (problem.value = error.message),
            )
          }}
        >
          <label>
            Note{' '}
            <input
              value={text.value}
              onInput={(event) => (text.value = event.currentTarget.value)}
              maxLength={300}
              required
              placeholder="deployed v42"
            />
          </label>
          <button type="submit">Add to the run</button>
          <span class="bad" role="alert">
            {problem.value}
          </span>
        </form>
      ) : null}
      <ol class="log scroll" tabIndex={0} aria-label="Events">
        {[...store.log.value].reverse().map(({ t, type, text: said }, i) => (
          <li key={`${store.log.value.length - i}`}>
            <span class="mono quiet">{formatClock(t)}</span> <b>{type}</b> <span>{said}</span>
          </li>
        ))}
      </ol>
    </>
  )
}

function Download({ store, info }: { readonly store: RunStore; readonly info: ServerInfo }) {
  const isOver = store.status.value?.end != null
  const canReport = isOver && info.records && store.hello.value?.stays === true
  const record = store.hello.value?.record ?? ''
  const files = `/files/${encodeURIComponent(record)}`
  return (
    <div class="downloads">
      <ul>
        {['requests', 'failures', 'exceptions', 'history'].map((name) => (
          <li key={name}>
            <a href={`${store.base}/download/${name}.csv`} download>
              {name}.csv
            </a>
          </li>
        ))}
        {canReport
          ? ['html', 'json', 'md', 'csv'].map((format) => (
              <li key={format}>
                <a href={`${files}/report.${format}`} download>
                  report.{format}
                </a>
              </li>
            ))
          : null}
      </ul>
      {isOver ? null : <p class="quiet">Reports are made when the run is over.</p>}
      {canReport ? <a href={`/record?id=${encodeURIComponent(record)}`}>The record of this run</a> : null}
    </div>
  )
}
