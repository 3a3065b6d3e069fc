/** The history for a terminal and as a page of its own: no script, no network, every name escaped. */
import type { Lineage, LevelChange, ValueHistory } from './changes.js'

const valuesShown = 60

export function historyText(lineages: readonly Lineage[], damaged: number): string {
  if (lineages.length === 0) return 'The history is empty: perfwright history add --all\n'
  const lines: string[] = []
  for (const { script, machineText, runs, values } of lineages) {
    lines.push(`${plain(script)}  ${runs.length} runs  ${plain(machineText)}`)
    const changes = values.flatMap((value) => value.changes).sort((x, y) => x.index - y.index)
    if (changes.length === 0)
      lines.push(runs.length < 6 ? '  too few runs to see a change (6 are the least)' : '  no change of level')
    for (const change of changes) lines.push(`  ${change.verdict.padEnd(6)}  ${changeText(change)}`)
    lines.push('')
  }
  if (damaged > 0) lines.push(`${damaged} lines of the history could not be read and are left out`, '')
  return lines.join('\n')
}

function changeText({ name, from, to, change, run, before }: LevelChange): string {
  const share = Number.isFinite(change) ? ` (${change >= 0 ? '+' : ''}${(100 * change).toFixed(1)} %)` : ''
  return `${plain(name)}: ${short(from)} -> ${short(to)}${share} since ${day(run.startedUnixMs)} ${plain(run.id)}, ${commits(before.commit, run.commit)}`
}

function commits(before: string | null, after: string | null): string {
  if (after === null) return 'commit unknown'
  if (before === null || before === after) return `at commit ${after.slice(0, 10)}`
  return `between commits ${before.slice(0, 10)} and ${after.slice(0, 10)}: git log ${before.slice(0, 10)}..${after.slice(0, 10)}`
}

export function historyPage(lineages: readonly Lineage[]): string {
  const parts = lineages.map(({ script, machineText, runs, values }) => {
    const changed = [...values].sort((x, y) => y.changes.length - x.changes.length).slice(0, valuesShown)
    const list = changed.flatMap((value) => value.changes).sort((x, y) => x.index - y.index)
    const rows = list.map(
      (change) => `<li class="${change.verdict}"><b>${change.verdict}</b> ${escape(changeText(change))}</li>`,
    )
    const none = '<p>No change of level.</p>'
    return `<section><h2>${escape(script)}</h2><p>${runs.length} runs, ${escape(machineText)}</p>${rows.length === 0 ? none : `<ul>${rows.join('')}</ul>`}<div class="charts">${changed.map(chart).join('')}</div></section>`
  })
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"><title>History</title><style>
:root{color-scheme:light dark;--ink:#1d2733;--dim:#66727f;--line:#d5dbe1;--mark:#2f6fb0;--bad:#b3261e;--good:#1f7a3d;--paper:#fff}
@media(prefers-color-scheme:dark){:root{--ink:#e4e9ee;--dim:#97a3af;--line:#38424d;--mark:#7db4ea;--bad:#ff8a80;--good:#7fd49a;--paper:#14191f}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:1100px;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}p,figcaption{color:var(--dim)}.worse b{color:var(--bad)}.better b{color:var(--good)}
.charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(320px,1fr));gap:1rem}figure{margin:0;border:1px solid var(--line);border-radius:8px;padding:.6rem}
figcaption{font-size:.85rem;overflow-wrap:anywhere}svg{width:100%;height:auto}</style></head>
<body><h1>History</h1>${parts.length === 0 ? '<p>The history is empty.</p>' : parts.join('')}</body></html>
`
}

/** Points, the level of each stretch, and a line where it changed. */
function chart({ name, unit, points, changes }: ValueHistory): string {
  const [width, height, pad] = [320, 110, 6]
  const values = points.map(({ value }) => value)
  const top = Math.max(...values) * 1.05 || 1
  const x = (i: number): number => pad + (i / Math.max(1, points.length - 1)) * (width - 2 * pad)
  const y = (value: number): number => height - pad - (value / top) * (height - 2 * pad)
  const dots = points.map(
    ({ run, value }, i) =>
      `<circle cx="${x(i).toFixed(1)}" cy="${y(value).toFixed(1)}" r="2.4" fill="var(--mark)"><title>${escape(`${run.id} ${short(value)} ${unit} ${run.commit?.slice(0, 10) ?? ''}`)}</title></circle>`,
  )
  const marks = changes.map(
    ({ index, verdict }) =>
      `<line x1="${x(index - 0.5).toFixed(1)}" x2="${x(index - 0.5).toFixed(1)}" y1="0" y2="${height}" stroke="var(--${verdict === 'worse' ? 'bad' : 'good'})" stroke-dasharray="3 3"/>`,
  )
  const last = values.at(-1) ?? 0
  return `<figure><svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escape(`${name}, last ${short(last)} ${unit}`)}"><line x1="0" x2="${width}" y1="${height - pad}" y2="${height - pad}" stroke="var(--line)"/>${marks.join('')}${dots.join('')}</svg><figcaption>${escape(name)}: ${short(last)} ${escape(unit)}, scale from 0 to ${short(top)}</figcaption></figure>`
}

function short(value: number): string {
  return String(Number(value.toPrecision(4)))
}

function day(unixMs: number): string {
  return new Date(unixMs).toISOString().slice(0, 10)
}

function plain(text: string): string {
  return text.replace(/[^\x20-\x7e\xa0-\uffff]/g, '?').slice(0, 300)
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`)
}
