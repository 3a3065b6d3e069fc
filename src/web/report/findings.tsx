import type { PageData } from '#report/html/page-data.js'

const tones = { critical: 'bad', warning: 'warn', info: '' } as const
const order = { critical: 0, warning: 1, info: 2 } as const

/** What was found, with what speaks for it; the first ones are open. */
export function Findings({ data }: { readonly data: PageData }) {
  const { words } = data
  const findings = [...data.findings].sort(
    (a, b) => order[a.severity] - order[b.severity] || (b.share ?? 0) - (a.share ?? 0) || b.confidence - a.confidence,
  )
  return (
    <section id="findings" aria-label={words.findings}>
      <h2>
        {words.findings} <span class="quiet">{findings.length}</span>
      </h2>
      {findings.length === 0 && <p class="panel quiet">{words.noFindings}</p>}
      {findings.map((finding, i) => (
        <details
          class={`panel finding ${tones[finding.severity]}`}
          key={`${finding.kind} ${i}`}
          open={i < 3 && finding.severity !== 'info'}
        >
          <summary>
            <span class={`pill ${tones[finding.severity]}`}>{finding.severityText}</span>
            <b>{finding.title}</b>
            {finding.share !== null && <span class="num">{Math.round(finding.share * 100)} %</span>}
          </summary>
          <Place where={finding.where} />
          <p>
            <b>{words.fix}:</b> {finding.fix}
          </p>
          {finding.evidence.length > 0 && (
            <>
              <h3>
                {words.evidence}{' '}
                <span class="quiet">
                  {words.confidence} {Math.round(finding.confidence * 100)} %
                </span>
              </h3>
              <ul>
                {finding.evidence.map(({ text, source }) => (
                  <li key={text}>
                    {text} <code class="quiet">{source}</code>
                  </li>
                ))}
              </ul>
            </>
          )}
          {finding.prove !== '' && (
            <p>
              {words.prove}: <code>{finding.prove}</code>
            </p>
          )}
        </details>
      ))}
    </section>
  )
}

function Place({ where }: { readonly where: PageData['findings'][number]['where'] }) {
  const { function: name, file, line, sql, endpoint, resource, host } = where
  const code =
    name === undefined && file === undefined
      ? undefined
      : `${name ?? ''}${file === undefined ? '' : `  ${file}${line === undefined ? '' : `:${line}`}`}`
  const parts = [endpoint, code, resource, host].filter((part) => part !== undefined && part !== '')
  if (parts.length === 0 && sql === undefined) return null
  return (
    <div class="place">
      {parts.map((part) => (
        <code key={part}>{part}</code>
      ))}
      {sql !== undefined && <pre>{sql}</pre>}
    </div>
  )
}
