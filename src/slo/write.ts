/** SLO files of others' formats. */
import { stringify } from 'yaml'
import { allowedShare } from './budget.js'
import { type Indicator, type Slo, type SloFile, THRESHOLD_ANNOTATION } from './model.js'

export const sloFormats: Readonly<Record<string, (file: SloFile) => string>> = {
  openslo: writeOpenSlo,
  sloth: writeSloth,
  pyrra: writePyrra,
}

/** OpenSLO v1: a Service and its SLOs, one document each. @see https://github.com/OpenSLO/OpenSLO */
export function writeOpenSlo({ service, slos }: SloFile): string {
  const documents: unknown[] = [
    { apiVersion: 'openslo/v1', kind: 'Service', metadata: { name: kebab(service), displayName: service }, spec: {} },
    ...slos.map((slo) => ({
      apiVersion: 'openslo/v1',
      kind: 'SLO',
      metadata: {
        name: slo.name,
        displayName: slo.title,
        annotations: {
          ...slo.annotations,
          ...(slo.threshold === undefined
            ? {}
            : { [THRESHOLD_ANNOTATION]: `${slo.threshold.metric}: ${slo.threshold.source}` }),
        },
      },
      spec: {
        ...(slo.description === '' ? {} : { description: slo.description }),
        service: kebab(service),
        indicator: { metadata: { name: slo.name }, spec: openIndicator(slo.indicator) },
        timeWindow: [{ duration: `${slo.windowDays}d`, isRolling: true }],
        budgetingMethod: 'Occurrences',
        objectives: [
          {
            displayName: slo.title,
            ...(slo.indicator?.kind === 'level' ? { op: slo.indicator.op, value: slo.indicator.value } : {}),
            ...(slo.target < 1 ? { target: slo.target } : {}),
          },
        ],
      },
    })),
  ]
  return documents.map((document) => stringify(document, { lineWidth: 0 })).join('---\n')
}

function openIndicator(indicator: Indicator | undefined): unknown {
  const source = (query: string): unknown => ({ metricSource: { type: 'Prometheus', spec: { query } } })
  if (indicator === undefined) return {}
  if (indicator.kind === 'level') return { thresholdMetric: source(indicator.query) }
  if (indicator.kind === 'error-ratio') {
    return { ratioMetric: { counter: true, bad: source(indicator.query), total: source('vector(1)') } }
  }
  return { ratioMetric: { counter: true, [indicator.kind]: source(indicator.events), total: source(indicator.total) } }
}

/** @see https://sloth.dev/specs/default/ */
function writeSloth({ service, labels, slos }: SloFile): string {
  return stringify(
    {
      version: 'prometheus/v1',
      service,
      labels,
      slos: slos.flatMap((slo) => {
        const events = badEvents(slo.indicator)
        if (events === undefined) return []
        return [
          {
            name: slo.name,
            objective: Number((slo.target * 100).toPrecision(12)),
            description: slo.description,
            sli: events,
            alerting: {
              name: slo.alerting.name,
              page_alert: slo.alerting.page ?? { disable: true },
              ticket_alert: slo.alerting.ticket ?? { disable: true },
            },
          },
        ]
      }),
    },
    { lineWidth: 0 },
  )
}

function badEvents(indicator: Indicator | undefined): unknown {
  switch (indicator?.kind) {
    case 'bad':
      return { events: { error_query: indicator.events, total_query: indicator.total } }
    case 'good':
      return {
        events: { error_query: `(${indicator.total}) - (${indicator.events})`, total_query: indicator.total },
      }
    case 'error-ratio':
      return { raw: { error_ratio_query: indicator.query } }
    default:
      return undefined
  }
}

/** Pyrra reads bare counters of the requests, without a function or a window. @see https://github.com/pyrra-dev/pyrra */
function writePyrra({ service, slos }: SloFile): string {
  return slos
    .flatMap((slo) => {
      const indicator = pyrraIndicator(slo)
      if (indicator === undefined) return []
      return [
        stringify(
          {
            apiVersion: 'pyrra.dev/v1alpha1',
            kind: 'ServiceLevelObjective',
            metadata: { name: slo.name, labels: { 'pyrra.dev/service': service } },
            spec: {
              target: String(Number((slo.target * 100).toPrecision(12))),
              window: `${Math.round(slo.windowDays / 7)}w`,
              ...(slo.description === '' ? {} : { description: slo.description }),
              indicator,
            },
          },
          { lineWidth: 0 },
        ),
      ]
    })
    .join('---\n')
}

function pyrraIndicator({ indicator }: Slo): unknown {
  if (indicator?.kind !== 'good' && indicator?.kind !== 'bad') return undefined
  const [events, total] = [counterOf(indicator.events), counterOf(indicator.total)]
  if (events === undefined || total === undefined) return undefined
  if (indicator.kind === 'good')
    return /\ble="/.test(events) ? { latency: { success: { metric: events }, total: { metric: total } } } : undefined
  return { ratio: { errors: { metric: events }, total: { metric: total } } }
}

/** `sum(rate(X[{{.window}}]))` -> X */
function counterOf(query: string): string | undefined {
  return /^\s*sum\(\s*(?:rate|increase)\(\s*([^[]+)\[\{\{\.window\}\}\]\s*\)\s*\)\s*$/.exec(query)?.[1]
}

export function kebab(text: string): string {
  return (
    text
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-+|-+$/g, '')
      .slice(0, 60) || 'service'
  )
}

/** `99.9 %` */
export function percentText(target: number): string {
  return `${Number((target * 100).toPrecision(8))} %`
}

/** The same for what may fail. */
export function allowedText(target: number): string {
  return percentText(allowedShare(target))
}
