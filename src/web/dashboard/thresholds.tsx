/** Thresholds as they stand, with the room that is left. */
import type { ThresholdState } from '#dashboard/wire.js'
import { formatClock, formatNumber, type Unit } from '../components/format.js'
import type { RunStore } from './store.js'

export function Thresholds({ store }: { readonly store: RunStore }) {
  const thresholds = store.status.value?.thresholds ?? []
  return (
    <section class="panel" aria-label="Thresholds">
      <h2>Thresholds</h2>
      {thresholds.length === 0 ? (
        <p class="quiet">The script has none: nothing here can fail the run.</p>
      ) : (
        <ul class="thresholds">
          {thresholds.map((threshold) => (
            <Threshold key={`${threshold.metric} ${threshold.source}`} threshold={threshold} />
          ))}
        </ul>
      )}
    </section>
  )
}

function Threshold({ threshold }: { readonly threshold: ThresholdState }) {
  const { metric, source, value, margin, ok, bad, abortOnFail } = threshold
  const since = bad.at(-1)
  const used = margin === null ? null : Math.max(0, Math.min(1, 1 - margin))
  return (
    <li class={ok ? '' : 'is-bad'}>
      <span class={ok ? 'good' : 'bad'} aria-label={ok ? 'holds' : 'crossed'}>
        {ok ? '✓' : '✗'}
      </span>
      <span class="threshold-name">
        <code>{metric}</code> <b>{source}</b>
        {abortOnFail ? <span class="quiet"> aborts</span> : null}
      </span>
      <span class="threshold-value">
        {formatNumber(value, unitOf(metric))}
        <span class="quiet">
          {margin === null
            ? ''
            : margin >= 0
              ? ` ${Math.round(margin * 100)} % room`
              : ` ${Math.round(-margin * 100)} % over`}
          {!ok && since !== undefined ? `, since ${formatClock(since[0])}` : ''}
        </span>
      </span>
      {used === null ? null : (
        <meter class={ok ? '' : 'over'} min={0} max={1} value={used} aria-label="Share of the limit that is used" />
      )}
    </li>
  )
}

/** Of k6's metrics by their names; of a script's own it is not known here. */
export function unitOf(metric: string): Unit {
  const name = metric.replace(/\{.*$/, '')
  if (/_failed$|^checks$/.test(name)) return 'ratio'
  if (/duration|_time$|waiting|connecting|blocked|sending|receiving|handshaking|_lag$/.test(name)) return 'ms'
  return 'count'
}
