import { useEffect, useRef } from 'preact/hooks'
import type { Heat, PageData } from '#report/html/page-data.js'
import { formatClock, formatNumber } from '../components/format.js'
import { ScatterPlot } from './scatter.js'

/** Where the answers lie: over time, and by percentile. */
export function Latency({ data }: { readonly data: PageData }) {
  const { words, heat, percentiles } = data
  return (
    <section id="latency" aria-label={words.latency}>
      <h2>{words.latency}</h2>
      <div class="pair">
        {heat !== null && (
          <div class="panel">
            <h3>{words.heat}</h3>
            <HeatMap heat={heat} lastS={data.times.at(-1) ?? 0} limits={data.limits} label={words.heat} />
          </div>
        )}
        {heat !== null && (
          <div class="panel">
            <h3>{words.histogram}</h3>
            <Histogram heat={heat} label={words.histogram} />
          </div>
        )}
        <div class="panel" tabIndex={0} role="region" aria-label={words.percentiles}>
          <h3>{words.percentiles}</h3>
          <PercentilePlot data={data} />
          <table class="plain">
            <thead>
              <tr>
                <th>{words.percentiles}</th>
                <th class="num">{words.fromStart}</th>
                <th class="num">{words.serviceTime}</th>
              </tr>
            </thead>
            <tbody>
              {[0.5, 0.9, 0.95, 0.99, 0.999, 1].map((q) => {
                const of = (list: PageData['percentiles']['service']) => list.find(([at]) => at === q)?.[1]
                const values = [of(percentiles.response), of(percentiles.service)]
                if (values.every((value) => value === undefined)) return null
                return (
                  <tr key={q}>
                    <td>{q === 1 ? 'max' : `p${Number((q * 100).toFixed(2))}`}</td>
                    {values.map((value, i) => (
                      <td class="num" key={i === 0 ? 'response' : 'service'}>
                        {formatNumber(value, 'ms')}
                      </td>
                    ))}
                  </tr>
                )
              })}
            </tbody>
          </table>
        </div>
        <ScatterPlot data={data} />
      </div>
    </section>
  )
}

const height = 260
const left = 56
const bottom = 22

function HeatMap({
  heat,
  lastS,
  limits,
  label,
}: {
  readonly heat: Heat
  readonly lastS: number
  readonly limits: PageData['limits']
  readonly label: string
}) {
  const box = useRef<HTMLCanvasElement>(null)
  useEffect(() => {
    const draw = (): void => {
      if (box.current !== null) drawHeat(box.current, heat, lastS, limits)
    }
    draw()
    addEventListener('resize', draw)
    const scheme = matchMedia('(prefers-color-scheme: dark)')
    scheme.addEventListener('change', draw)
    return () => {
      removeEventListener('resize', draw)
      scheme.removeEventListener('change', draw)
    }
  }, [heat])
  return <canvas class="heat" ref={box} role="img" aria-label={label} />
}

function drawHeat(canvas: HTMLCanvasElement, heat: Heat, lastS: number, limits: PageData['limits']): void {
  const style = getComputedStyle(document.documentElement)
  const colour = (name: string): string => style.getPropertyValue(`--${name}`).trim()
  const width = canvas.clientWidth
  const ratio = devicePixelRatio || 1
  canvas.width = Math.round(width * ratio)
  canvas.height = Math.round(height * ratio)
  const context = canvas.getContext('2d')
  if (context === null || width === 0) return
  context.scale(ratio, ratio)
  const plotWidth = width - left - 4
  const plotHeight = height - bottom - 6
  const counts = Uint8Array.from(atob(heat.counts), (char) => char.charCodeAt(0))
  const [w, h] = [plotWidth / heat.columns, plotHeight / heat.rows]
  context.fillStyle = colour('c1')
  for (let x = 0; x < heat.columns; x++) {
    for (let y = 0; y < heat.rows; y++) {
      const level = counts[x * heat.rows + y] as number
      if (level === 0) continue
      context.globalAlpha = 0.08 + 0.92 * (level / 255)
      context.fillRect(left + x * w, 6 + (heat.rows - 1 - y) * h, Math.max(1, w + 0.3), Math.max(1, h + 0.3))
    }
  }
  context.globalAlpha = 1
  context.font = '11px system-ui, sans-serif'
  context.fillStyle = colour('quiet')
  context.textBaseline = 'middle'
  context.textAlign = 'right'
  const yOf = (ms: number): number =>
    6 + plotHeight * (1 - Math.log(ms / heat.lowMs) / Math.log(heat.highMs / heat.lowMs))
  for (const ms of ticks(heat.lowMs, heat.highMs)) {
    context.fillText(formatNumber(ms, 'ms'), left - 6, yOf(ms))
    context.fillRect(left - 3, yOf(ms), 3, 1)
  }
  context.textAlign = 'center'
  context.textBaseline = 'bottom'
  for (let i = 0; i <= 4; i++) {
    const x = left + (plotWidth * i) / 4
    context.textAlign = i === 0 ? 'left' : i === 4 ? 'right' : 'center'
    context.fillText(formatClock((lastS * i) / 4), x, height - 2)
  }
  context.strokeStyle = colour('bad')
  context.setLineDash([6, 4])
  for (const { value } of limits) {
    if (value < heat.lowMs || value > heat.highMs) continue
    context.beginPath()
    context.moveTo(left, yOf(value))
    context.lineTo(width - 4, yOf(value))
    context.stroke()
  }
}

/** 1, 2, 5, 10, 20, ... as many as there is room for. */
function ticks(low: number, high: number): number[] {
  const found: number[] = []
  const decades = Math.log10(high / low)
  const steps = decades > 3 ? [1] : decades > 1.5 ? [1, 3] : [1, 2, 5]
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++) {
    for (const step of steps) {
      const ms = step * 10 ** power
      if (ms >= low && ms <= high) found.push(ms)
    }
  }
  return found
}

const plot = { width: 520, height: 230, left: 56, bottom: 26, top: 8, right: 8 }

/** The heat map without its time: two humps are two kinds of answers. */
function Histogram({ heat, label }: { readonly heat: Heat; readonly label: string }) {
  const levels = Uint8Array.from(atob(heat.counts), (char) => char.charCodeAt(0))
  const sums = Array.from({ length: heat.rows }, () => 0)
  levels.forEach((level, i) => {
    // The map keeps logarithms of counts; this is their inverse.
    const count = level === 0 ? 0 : Math.expm1((level / 255) * Math.log1p(heat.most))
    sums[i % heat.rows] = (sums[i % heat.rows] as number) + count
  })
  const most = Math.max(1, ...sums)
  const inner = plot.width - plot.left - plot.right
  const tall = plot.height - plot.top - plot.bottom
  const px = (ms: number): number =>
    plot.left + (inner * Math.log(ms / heat.lowMs)) / Math.log(heat.highMs / heat.lowMs)
  return (
    <svg class="percentiles" viewBox={`0 0 ${plot.width} ${plot.height}`} role="img" aria-label={label}>
      {[0.5, 1].map((share) => (
        <g key={share}>
          <line
            x1={plot.left}
            x2={plot.width - plot.right}
            y1={plot.top + tall * (1 - share)}
            y2={plot.top + tall * (1 - share)}
            class="grid"
          />
          <text x={plot.left - 6} y={plot.top + tall * (1 - share) + 4} text-anchor="end">
            {formatNumber(Number((most * share).toPrecision(2)), 'count')}
          </text>
        </g>
      ))}
      {sums.map((count, row) => (
        <rect
          key={px(heat.lowMs) + row}
          x={plot.left + (inner * row) / heat.rows}
          width={(inner / heat.rows) * 0.9}
          y={plot.top + tall * (1 - count / most)}
          height={(tall * count) / most}
          style={{ fill: 'var(--c1)' }}
        />
      ))}
      {ticks(heat.lowMs, heat.highMs).map((ms) => (
        <text key={ms} x={px(ms)} y={plot.height - 8} text-anchor="middle">
          {formatNumber(ms, 'ms')}
        </text>
      ))}
    </svg>
  )
}

/** Percentiles on a scale that stretches towards the slow end: 90, 99, 99.9 are equally far apart. */
function PercentilePlot({ data }: { readonly data: PageData }) {
  const { words, percentiles, limits } = data
  const all = [...percentiles.service, ...percentiles.response].filter(([q]) => q < 1)
  if (all.length < 2) return <p class="quiet">{words.noData}</p>
  const x = (q: number): number => Math.log10(1 / (1 - q))
  const right = Math.max(1, ...all.map(([q]) => x(q)))
  const lows = all.map(([, ms]) => ms).filter((ms) => ms > 0)
  const low = Math.min(...lows)
  const high = Math.max(...lows, low * 1.5)
  const px = (q: number): number => plot.left + (x(q) / right) * (plot.width - plot.left - plot.right)
  const py = (ms: number): number =>
    plot.top + (plot.height - plot.top - plot.bottom) * (1 - Math.log(Math.max(ms, low) / low) / Math.log(high / low))
  const path = (list: PageData['percentiles']['service']): string =>
    list
      .filter(([q]) => q < 1)
      .map(([q, ms], i) => `${i === 0 ? 'M' : 'L'}${px(q).toFixed(1)} ${py(ms).toFixed(1)}`)
      .join('')
  return (
    <>
      <svg class="percentiles" viewBox={`0 0 ${plot.width} ${plot.height}`} role="img" aria-label={words.percentiles}>
        {[0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999].map((q) =>
          x(q) > right + 0.01 ? null : (
            <g key={q}>
              <line x1={px(q)} x2={px(q)} y1={plot.top} y2={plot.height - plot.bottom} class="grid" />
              <text x={px(q)} y={plot.height - 8} text-anchor="middle">
                {`p${Number((q * 100).toFixed(3))}`}
              </text>
            </g>
          ),
        )}
        {ticks(low, high).map((ms) => (
          <g key={ms}>
            <line x1={plot.left} x2={plot.width - plot.right} y1={py(ms)} y2={py(ms)} class="grid" />
            <text x={plot.left - 6} y={py(ms) + 4} text-anchor="end">
              {formatNumber(ms, 'ms')}
            </text>
          </g>
        ))}
        {limits
          .filter(({ value }) => value >= low && value <= high)
          .map(({ value, label }) => (
            <line key={label} x1={plot.left} x2={plot.width - plot.right} y1={py(value)} y2={py(value)} class="limit">
              <title>{label}</title>
            </line>
          ))}
        <path d={path(percentiles.service)} class="service" />
        <path d={path(percentiles.response)} class="response" />
      </svg>
      <ul class="chart-legend">
        <li>
          <i style={{ background: 'var(--c2)' }} />
          {words.fromStart}
        </li>
        <li>
          <i style={{ background: 'var(--c1)' }} />
          {words.serviceTime}
        </li>
      </ul>
    </>
  )
}
