import type { PageData } from '#report/html/page-data.js'
import type { Sentence } from '#report/executive-types.js'

/** Goal, answer, risk, capacity, next step, on one screen. */
export function Summary({ data }: { readonly data: PageData }) {
  const { words, executive } = data
  const tone = executive.verdict === 'yes' ? 'good' : executive.verdict === 'no' ? 'bad' : 'warn'
  return (
    <section id="summary" class={`panel summary ${tone}`} aria-label={words.summary}>
      <div class="summary-text">
        <h2>{executive.answer[0]?.text}</h2>
        <Sentences of={executive.answer.slice(1)} />
        <Part title={words.capacity} of={executive.capacity} />
        <Part title={words.risk} of={executive.risk} />
        <p class="next">
          <span title={executive.next.from.join(', ')}>{executive.next.text}</span>
        </p>
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

/** The fields on which a sentence stands show under the pointer. */
function Sentences({ of }: { readonly of: readonly Sentence[] }) {
  return (
    <p>
      {of.map(({ text, from }) => (
        <span key={text} title={from.join(', ')}>
          {text}{' '}
        </span>
      ))}
    </p>
  )
}
