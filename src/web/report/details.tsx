import type { ComponentChildren } from 'preact'
import type { PageData } from '#report/html/page-data.js'
import { formatClock, formatNumber } from '../components/format.js'
import { CapacityPlot } from './capacity.js'

/** Goals, errors, capacity, trends, recovery, checkpoints, trust, environment: each only where there is something to say. */
export function Details({ data }: { readonly data: PageData }) {
  const { words, analysis, texts } = data
  const capacity = analysis?.capacity ?? null
  const recovery = analysis?.recovery ?? null
  return (
    <div id="details" class="details">
      <Goals data={data} />
      <Errors data={data} />
      {capacity !== null && (
        <Block title={words.capacity}>
          <CapacityPlot capacity={capacity} label={words.capacity} words={words} />
          <dl class="facts">
            <Fact name={words.knee} value={texts.knee ?? ''} />
            <Fact name={words.failureMode} value={texts.failureMode ?? ''} />
            {capacity.saturatedFirst !== null && <Fact name={words.saturatedFirst} value={capacity.saturatedFirst} />}
            {capacity.usl !== null && <Fact name={words.contention} value={capacity.usl.sigma.toPrecision(3)} />}
            {capacity.usl !== null && <Fact name={words.coherency} value={capacity.usl.kappa.toPrecision(3)} />}
            {capacity.littlesLawRatio !== null && (
              <Fact name="Little: L / (λ W)" value={capacity.littlesLawRatio.toPrecision(3)} />
            )}
          </dl>
          <p class="quiet">{capacity.note}</p>
        </Block>
      )}
      {recovery !== null && (
        <Block title={words.recovery}>
          <dl class="facts">
            <Fact
              name={words.recovery}
              value={recovery.recoveredAfterS === null ? '-' : formatNumber(recovery.recoveredAfterS, 's')}
            />
            <Fact
              name={`p95 ${words.before} / ${words.during}`}
              value={`${formatNumber(recovery.baselineP95Ms, 'ms')} / ${formatNumber(recovery.peakP95Ms, 'ms')}`}
            />
            <Fact name={words.errors} value={formatNumber(recovery.errorsDuring, 'count')} />
          </dl>
        </Block>
      )}
      <Trends data={data} />
      <BadWindows data={data} />
      {texts.checkpoints.length > 0 && (
        <Block title={words.checkpoints}>
          <ul class="lines">
            {analysis?.checkpoints.map(({ id, verdict, text, details }, i) => (
              <li key={id}>
                <span class={`pill ${verdict === 'ok' ? 'good' : verdict === 'not-checked' ? '' : 'warn'}`}>
                  {texts.checkpoints[i]?.verdict}
                </span>{' '}
                <b>{texts.checkpoints[i]?.name}</b> {text}
                {details.length > 0 && (
                  <ul>
                    {details.map((detail) => (
                      <li key={detail}>{detail}</li>
                    ))}
                  </ul>
                )}
              </li>
            ))}
          </ul>
        </Block>
      )}
      {data.trust !== null && (
        <Block title={words.trust}>
          <p>
            <span class={`pill ${data.trust.state === 'good' ? 'good' : 'warn'}`}>{data.trust.text}</span>
          </p>
          <List of={data.trust.reasons} />
        </Block>
      )}
      {data.profiles.length > 0 && (
        <Block title={words.profiles}>
          <ul class="lines">
            {data.profiles.map(({ href, kind, why, stretch }) => (
              <li key={href}>
                <a href={href}>{kind}</a>{' '}
                <span class="quiet">{[why, stretch].filter((text) => text !== '').join(', ')}</span>
              </li>
            ))}
          </ul>
        </Block>
      )}
      <Block title={words.environment}>
        <dl class="facts wide">
          {data.environment.map(([name, value]) => (
            <Fact key={`${name} ${value}`} name={name} value={value} />
          ))}
        </dl>
        <details>
          <summary>{words.options}</summary>
          <pre>{data.options}</pre>
        </details>
      </Block>
      {(data.missing.length > 0 || (analysis?.caveats.length ?? 0) > 0) && (
        <Block title={words.caveats}>
          <List of={[...(analysis?.caveats ?? []), ...data.missing.map(({ what, why }) => `${what}: ${why}`)]} />
        </Block>
      )}
    </div>
  )
}

function Goals({ data }: { readonly data: PageData }) {
  const { words, analysis, texts, checks } = data
  const objectives = analysis?.objectives ?? []
  if (objectives.length === 0 && checks.length === 0) return null
  const tone = { met: 'good', missed: 'bad', unsure: 'warn', 'no-data': '' } as const
  return (
    <Block title={words.goals}>
      {objectives.length > 0 && (
        <table class="plain">
          <thead>
            <tr>
              <th>{words.metric}</th>
              <th>{words.target}</th>
              <th class="num">{words.measured}</th>
              <th class="num">{words.interval}</th>
              <th>{words.verdict}</th>
            </tr>
          </thead>
          <tbody>
            {objectives.map(({ name, endpoint, target, value, low, high, unit, verdict }, i) => (
              <tr key={`${name} ${target} ${endpoint}`}>
                <td>
                  {name} {endpoint !== null && <span class="quiet">{endpoint}</span>}
                </td>
                <td>
                  <code>{target}</code>
                </td>
                <td class="num">{show(value, unit)}</td>
                <td class="num">{low === null || high === null ? '' : `${show(low, unit)} – ${show(high, unit)}`}</td>
                <td>
                  <span class={`pill ${tone[verdict]}`}>{texts.objectives[i]}</span>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {checks.length > 0 && (
        <table class="plain">
          <thead>
            <tr>
              <th>{words.checks}</th>
              <th class="num">{words.passes}</th>
              <th class="num">{words.fails}</th>
            </tr>
          </thead>
          <tbody>
            {checks.map(({ name, passes, fails }) => (
              <tr key={name}>
                <td>{name}</td>
                <td class="num">{formatNumber(passes, 'count')}</td>
                <td class={`num ${fails > 0 ? 'bad' : ''}`}>{formatNumber(fails, 'count')}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Block>
  )
}

function Errors({ data }: { readonly data: PageData }) {
  const { words, errors } = data
  if (errors.length === 0) return null
  return (
    <Block title={words.errors}>
      {errors.map(({ cause, count, share, endpoints, firstS, lastS, example }) => (
        <details key={cause} class="error">
          <summary>
            <b>{cause}</b>
            <span class="num">
              {formatNumber(count, 'count')} · {formatNumber(share, 'ratio')}
            </span>
          </summary>
          <p class="quiet">
            {endpoints.join(', ')}
            {firstS !== null && ` · ${words.first} ${formatClock(firstS)}`}
            {lastS !== null && ` · ${words.last} ${formatClock(lastS)}`}
          </p>
          {example?.request != null && (
            <>
              <h3>{words.request}</h3>
              <pre>{example.request}</pre>
            </>
          )}
          {example?.response != null && (
            <>
              <h3>{words.response}</h3>
              <pre>{example.response}</pre>
            </>
          )}
        </details>
      ))}
    </Block>
  )
}

function Trends({ data }: { readonly data: PageData }) {
  const { words, analysis, texts } = data
  const trends = analysis?.trends ?? []
  if (trends.length === 0) return null
  return (
    <Block title={words.trends}>
      <table class="plain">
        <thead>
          <tr>
            <th>{words.source}</th>
            <th>{words.verdict}</th>
            <th class="num">{words.slope}</th>
            <th class="num">{words.interval}</th>
            <th class="num">{words.limitIn}</th>
          </tr>
        </thead>
        <tbody>
          {trends.map(({ source, verdict, slopePerH, low, high, unit, exhaustionH, note }, i) => (
            <tr key={source} title={note}>
              <td>{source.replace(/^observed\//, '')}</td>
              <td>
                <span class={`pill ${verdict === 'grows' ? 'warn' : verdict === 'steady' ? 'good' : ''}`}>
                  {texts.trends[i]}
                </span>
              </td>
              <td class="num">{show(slopePerH, unit)}</td>
              <td class="num">
                {show(low, unit)} – {show(high, unit)}
              </td>
              <td class="num">{exhaustionH === null ? '' : formatNumber(exhaustionH * 3600, 's')}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Block>
  )
}

function BadWindows({ data }: { readonly data: PageData }) {
  const { words, analysis } = data
  const windows = analysis?.badWindows ?? []
  if (windows.length === 0) return null
  return (
    <Block title={words.badWindows}>
      <ul class="lines">
        {windows.map(({ fromS, toS, symptom, endpoint, value, usual, unit, moved }) => (
          <li key={`${fromS} ${symptom} ${endpoint}`}>
            <b>
              {formatClock(fromS)} – {formatClock(toS)}
            </b>{' '}
            {symptom} {endpoint ?? ''} {show(value, unit)} <span class="quiet">({show(usual, unit)})</span>
            {moved.length > 0 && (
              <ul>
                {moved.slice(0, 5).map(({ source, before, during, correlation, lagS }) => (
                  <li key={source}>
                    {source.replace(/^observed\//, '')}: {before.toPrecision(3)} → {during.toPrecision(3)}{' '}
                    <span class="quiet">
                      {words.correlation} {correlation.toFixed(2)}
                      {lagS === 0 ? '' : `, ${lagS} s`}
                    </span>
                  </li>
                ))}
              </ul>
            )}
          </li>
        ))}
      </ul>
    </Block>
  )
}

function Block({ title, children }: { readonly title: string; readonly children: ComponentChildren }) {
  return (
    <section class="panel" tabIndex={0} aria-label={title}>
      <h2>{title}</h2>
      {children}
    </section>
  )
}

function Fact({ name, value }: { readonly name: string; readonly value: string }) {
  return (
    <div>
      <dt class="quiet">{name}</dt>
      <dd>{value}</dd>
    </div>
  )
}

function List({ of }: { readonly of: readonly string[] }) {
  return (
    <ul>
      {of.map((text) => (
        <li key={text}>{text}</li>
      ))}
    </ul>
  )
}

function show(value: number | null, unit: string): string {
  if (unit === 'ms' || unit === 'bytes' || unit === 'ratio' || unit === 's') return formatNumber(value, unit)
  if (value === null) return '-'
  const number = formatNumber(value, 'count')
  return unit === '1' || unit === '' ? number : `${number} ${unit}`
}
