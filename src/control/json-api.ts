/** The JSON:API shapes of k6's REST API v1, as k6 v1.8.1 writes them: keys in its order, text escaped as Go does. */
import type { RunStatus } from '#api/run-control.js'
import type { ThresholdGate } from '#gate/index.js'
import { type GroupNode, type MetricAggregate, type ObservedMetric, pathId } from '#metrics/index.js'

/** Go's encoder escapes what HTML would take for markup. */
export function goJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

export function errorJson(status: number, title: string, detail: string): string {
  return goJson({ errors: [{ status: String(status), title, detail }] })
}

export function statusJson(status: RunStatus): string {
  return goJson({
    data: {
      type: 'status',
      id: 'default',
      attributes: {
        status: status.status,
        paused: status.paused,
        vus: status.vus,
        'vus-max': status.vusMax,
        stopped: status.stopped,
        running: status.running,
        tainted: status.tainted,
      },
    },
  })
}

/** @param json  what setup() answered; undefined for nothing, which k6 leaves out */
export function setupJson(json: string | undefined): string {
  const attributes = json === undefined ? {} : { data: JSON.parse(json) as unknown }
  return goJson({ data: { type: 'setupData', id: 'default', attributes } })
}

export interface Measured {
  readonly aggregate: MetricAggregate
  readonly gate: ThresholdGate
}

export function metricsJson(measured: Measured | undefined, elapsedS: number): string {
  return goJson({ data: shown(measured).map((entry) => metricData(entry, measured, elapsedS)) })
}

/** Undefined when there is no such metric. */
export function metricJson(measured: Measured | undefined, id: string, elapsedS: number): string | undefined {
  const entry = shown(measured).find(({ name }) => name === id)
  return entry === undefined ? undefined : goJson({ data: metricData(entry, measured, elapsedS) })
}

function shown(measured: Measured | undefined): ObservedMetric[] {
  return (measured?.aggregate.observed() ?? []).filter(({ metric }) => !metric.own)
}

const TREND_STATS = ['avg', 'max', 'med', 'min', 'p(90)', 'p(95)']

function metricData({ name, metric, sink }: ObservedMetric, measured: Measured | undefined, elapsedS: number): object {
  const judged = measured?.gate.last.results.find((result) => result.name === name)
  const values = sink.values(elapsedS, TREND_STATS)
  return {
    type: 'metrics',
    id: name,
    attributes: {
      type: metric.type,
      contains: metric.contains,
      // k6 knows of a metric's thresholds when they were judged with samples there.
      tainted: judged === undefined || sink.isEmpty ? null : judged.results.some(({ ok }) => !ok),
      sample:
        metric.type === 'gauge'
          ? { value: values['value'] }
          : metric.type === 'rate'
            ? { rate: values['rate'] }
            : values,
    },
  }
}

export function groupsJson(measured: Measured | undefined): string {
  return goJson({ data: groups(measured).map(groupData) })
}

/** Undefined when there is no such group. */
export function groupJson(measured: Measured | undefined, id: string): string | undefined {
  const found = groups(measured).find(({ node }) => pathId(node.path) === id)
  return found === undefined ? undefined : goJson({ data: groupData(found) })
}

interface Placed {
  readonly node: GroupNode
  readonly parent: GroupNode | undefined
}

const EMPTY: GroupNode = { name: '', path: '', groups: new Map(), checks: new Map() }

/** The root first, every group before its own. */
function groups(measured: Measured | undefined): Placed[] {
  const all: Placed[] = []
  const walk = (node: GroupNode, parent: GroupNode | undefined): void => {
    all.push({ node, parent })
    for (const child of node.groups.values()) walk(child, node)
  }
  walk(measured?.aggregate.checks.root ?? EMPTY, undefined)
  return all
}

function groupData({ node, parent }: Placed): object {
  const checks = [...node.checks.values()].map(({ name, passes, fails }) => {
    const path = `${node.path}::${name}`
    return { id: pathId(path), path, name, passes, fails }
  })
  return {
    type: 'groups',
    id: pathId(node.path),
    attributes: { path: node.path, name: node.name, checks: checks.length === 0 ? null : checks },
    relationships: {
      groups: { data: [...node.groups.values()].map(({ path }) => ({ type: 'groups', id: pathId(path) })) },
      parent: { data: parent === undefined ? null : { type: 'groups', id: pathId(parent.path) } },
    },
  }
}
