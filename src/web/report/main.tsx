/** The page of a record: first what anybody should read, then everything an engineer asks. */
import { render } from 'preact'
import { useState } from 'preact/hooks'
import type { PageData } from '#report/html/page-data.js'
import { applyStyles, theme } from '../components/theme.js'
import { Details } from './details.js'
import { Endpoints } from './endpoints.js'
import { Findings } from './findings.js'
import { Latency } from './latency.js'
import { style } from './style.js'
import { Summary } from './summary.js'
import { Timeline } from './timeline.js'
import { Totals } from './totals.js'

const data = JSON.parse(document.getElementById('data')?.textContent ?? '{}') as PageData

function Page() {
  const [endpoint, setEndpoint] = useState<string | null>(null)
  const [range, setRange] = useState<readonly [number, number] | null>(null)
  const { words } = data
  const sections: [string, string][] = [
    ['summary', words.summary],
    ['findings', words.findings],
    ['timeline', words.timeline],
    ['latency', words.latency],
    ['endpoints', words.endpoints],
    ['details', words.environment],
  ]
  return (
    <>
      <header class="top">
        <div class="top-name">
          <h1>{data.title}</h1>
          <p class="quiet">
            {data.testType === '' ? '' : `${data.testType} · `}
            {data.subtitle}
          </p>
        </div>
        <span class={`pill ${data.verdict.state}`}>{data.verdict.text}</span>
        <nav aria-label={words.summary}>
          {sections.map(([id, text]) => (
            <a key={id} href={`#${id}`}>
              {text}
            </a>
          ))}
        </nav>
        <ThemeButton />
      </header>
      <main>
        <Summary data={data} />
        <Findings data={data} />
        <Timeline data={data} endpoint={endpoint} range={range} onZoom={setRange} onAll={() => setEndpoint(null)} />
        <Latency data={data} />
        <Endpoints data={data} chosen={endpoint} onChoose={setEndpoint} />
        <Details data={data} />
        <Totals data={data} />
      </main>
    </>
  )
}

function ThemeButton() {
  const system = matchMedia('(prefers-color-scheme: dark)').matches
  const [dark, setDark] = useState(system)
  return (
    <button
      type="button"
      aria-pressed={dark}
      onClick={() => {
        document.documentElement.dataset['theme'] = dark ? 'light' : 'dark'
        setDark(!dark)
        // Canvases take their colours when they are drawn.
        dispatchEvent(new Event('resize'))
        matchMedia('(prefers-color-scheme: dark)').dispatchEvent(new Event('change'))
      }}
    >
      {dark ? data.words.light : data.words.dark}
    </button>
  )
}

applyStyles(theme, style)
render(<Page />, document.getElementById('app') as HTMLElement)
requestAnimationFrame(() => {
  document.documentElement.dataset['drawnMs'] = performance.now().toFixed(0)
})
