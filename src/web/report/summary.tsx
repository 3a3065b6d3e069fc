import type { PageData } from '#report/html/page-data.js'
import type { Sentence } from '#report/executive-types.js'
import { formatNumber } from '../components/format.js'

/** Goal, answer, risk, capacity, next step, on one screen. */
export function Summary({ data }: { readonly data: PageData }) {
  const { words, executive } = data
  const tone = executive.verdict === 'yes' ? 'good' : executive.verdict === 'no' ? 'bad' : 'warn'
  const prove = troublesOf(data)[0]?.prove
  return (
    <section id="summary" class={`panel summary ${tone}`} aria-label={words.summary}>
      <div class="summary-text">
        <h2>{executive.answer[0]?.text}</h2>
        <Sentences of={executive.answer.slice(1)} />
        <Causes data={data} />
        <Part title={words.capacity} of={executive.capacity} />
        <Part title={words.risk} of={executive.risk} />
        <p class="next">
          <Said sentence={executive.next} />
        </p>
        {prove === undefined ? null : (
          <p class="quiet">
            {words.prove}: <code>{prove}</code>
          </p>
        )}
      </div>
      <dl class="numbers">
        {executive.numbers.map(({ label, value, target, interval, state, scaled }) => (
          <div key={label} class={state === 'met' ? 'good' : state === 'missed' ? 'bad' : ''}>
            <dt>{label}</dt>
            <dd class="number">{value}</dd>
            {target !== null && (
              <dd class="quiet">
                {words.target} {target}
              </dd>
            )}
            {interval !== null && (
              <dd class="quiet" title={words.interval}>
                {interval}
              </dd>
            )}
            {scaled !== null && (
              <dd class="quiet">
                {words.scaled}: {scaled}
              </dd>
            )}
          </div>
        ))}
      </dl>
    </section>
  )
}

function Part({ title, of }: { readonly title: string; readonly of: readonly Sentence[] }) {
  if (of.length === 0) return null
  return (
    <div class="part">
      <h3>{title}</h3>
      <Sentences of={of} />
    </div>
  )
}

function Sentences({ of }: { readonly of: readonly Sentence[] }) {
  return (
    <p>
      {of.map(({ text, from }) => (
        <span key={text}>
          <Said sentence={{ text, from }} />{' '}
        </span>
      ))}
    </p>
  )
}

/** Leads to the section that shows what it stands on. */
function Said({ sentence: { text, from } }: { readonly sentence: Sentence }) {
  const section = sections.find(([field]) => from.some((name) => field.test(name)))?.[1] ?? 'details'
  return (
    <a class="said" href={`#${section}`} title={from.join(', ')}>
      {text}
    </a>
  )
}

const sections: readonly (readonly [field: RegExp, section: string])[] = [
  [/^findings/, 'findings'],
  [/http_req_(?:duration|response_time)/, 'latency'],
  [/http_reqs|^observed|^durationS/, 'timeline'],
]

/** The worst three, each with its share of the cost. */
function Causes({ data }: { readonly data: PageData }) {
  const causes = troublesOf(data)
    .filter(({ share }) => share === null || share >= LEAST_SHARE)
    .slice(0, 3)
  if (causes.length < 2) return null
  return (
    <div class="part">
      <h3>{data.words.causes}</h3>
      <ol class="causes">
        {causes.map(({ title, share, kind }) => (
          <li key={`${kind} ${title}`}>
            <a class="said" href="#findings" title="findings">
              {title}
            </a>
            {share === null ? null : <b class="num"> {formatNumber(share, 'ratio')}</b>}
          </li>
        ))}
      </ol>
    </div>
  )
}

/** What costs less is among the findings. */
const LEAST_SHARE = 0.01

function troublesOf({ findings }: PageData): PageData['findings'] {
  return findings
    .filter(({ severity }) => severity !== 'info')
    .sort(
      (a, b) =>
        Number(b.severity === 'critical') - Number(a.severity === 'critical') || (b.share ?? 0) - (a.share ?? 0),
    )
}
