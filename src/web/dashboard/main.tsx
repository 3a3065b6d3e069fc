/** The dashboard's one page: which view it shows stands in its address. */
import { render } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { ServerInfo } from '#dashboard/wire.js'
import { applyStyles, theme } from '../components/theme.js'
import { ask } from './api.js'
import { CompareView } from './compare-view.js'
import { LiveView } from './live-view.js'
import { RecordView } from './record-view.js'
import { RecordsView } from './records-view.js'
import { StartView } from './start-view.js'
import { style } from './style.js'

applyStyles(theme, style)
hideToken()
const root = document.getElementById('app')
if (root !== null) render(<App />, root)

/** The token has done its work with the first answer: it need not stand in the history of the browser. */
function hideToken(): void {
  const url = new URL(location.href)
  if (!url.searchParams.has('token')) return
  url.searchParams.delete('token')
  history.replaceState(null, '', url)
}

function App() {
  const [info, setInfo] = useState<ServerInfo | undefined>()
  const [problem, setProblem] = useState('')
  useEffect(() => {
    ask<ServerInfo>('/api/info').then(setInfo, (error: Error) => setProblem(error.message))
  }, [])
  if (problem !== '') return <p class="panel bad lone">{problem}</p>
  if (info === undefined) return null
  const query = new URLSearchParams(location.search)
  const [path] = [location.pathname]
  const isLive = path === '/live' || (path === '/' && info.run !== null)
  return (
    <>
      <header class="top">
        <a class="brand" href="/">
          perfwright
        </a>
        <nav aria-label="Pages">
          {info.run !== null ? (
            <a href="/" aria-current={isLive ? 'page' : undefined}>
              Live
            </a>
          ) : null}
          {info.records ? (
            <a href="/records" aria-current={!isLive && path !== '/start' ? 'page' : undefined}>
              Records
            </a>
          ) : null}
          {info.start ? (
            <a href="/start" aria-current={path === '/start' ? 'page' : undefined}>
              Start
            </a>
          ) : null}
        </nav>
      </header>
      <main>
        {isLive ? (
          <LiveView id={query.get('run') ?? 'run'} info={info} />
        ) : path === '/record' ? (
          <RecordView id={query.get('id') ?? ''} />
        ) : path === '/compare' ? (
          <CompareView a={query.get('a') ?? ''} b={query.get('b') ?? ''} />
        ) : path === '/start' ? (
          <StartView />
        ) : (
          <RecordsView />
        )}
      </main>
    </>
  )
}
