/**
 * One chart over time, of which a page has many: they share their x range and their cursor, show what is under it in
 * their legends, and are drawn only while they can be seen.
 */
import { useEffect, useRef } from 'preact/hooks'
import uPlot from 'uplot'
import { timeEnds, topOf } from './chart-scale.js'
import { formatClock, formatNumber, formatTick, type Unit } from './format.js'

export interface ChartSeries {
  readonly label: string
  /** As many as there are times; null is a gap. */
  readonly values: readonly (number | null)[]
  /** Name of the colour's variable: `c1`. */
  readonly colour: string
  readonly unit?: Unit
  /** Has its own scale, on the right. */
  readonly right?: boolean
  readonly dash?: boolean
  readonly fill?: boolean
}

export interface ChartBand {
  readonly from: number
  readonly to: number
  readonly kind: 'stage' | 'bad'
}

export interface ChartLine {
  readonly value: number
  readonly label: string
}

export interface ChartMark {
  readonly t: number
  readonly label: string
}

export interface ChartProps {
  readonly title: string
  readonly unit: Unit
  readonly rightUnit?: Unit
  readonly times: readonly number[]
  readonly series: readonly ChartSeries[]
  /** Changes when the data did: the arrays themselves may be the same. */
  readonly version: number
  readonly height?: number
  /** Stretch that is shown; null = everything. */
  readonly range?: readonly [number, number] | null
  /** A stretch was dragged, or everything is wanted again. */
  readonly onZoom?: (range: readonly [number, number] | null) => void
  /** Charts with the same key move their cursors together. */
  readonly syncKey?: string
  readonly bands?: readonly ChartBand[]
  /** Limits of thresholds. */
  readonly lines?: readonly ChartLine[]
  /** Annotations and events. */
  readonly marks?: readonly ChartMark[]
  /** Values cannot exceed it: 1 for ratios. */
  readonly most?: number
}

export function Chart(props: ChartProps) {
  const box = useRef<HTMLDivElement>(null)
  const legend = useRef<HTMLUListElement>(null)
  const plot = useRef<Plot>(undefined)
  const shape = props.series.map(({ label, colour, right, dash }) => `${label} ${colour} ${right} ${dash}`).join('|')

  useEffect(() => {
    if (box.current === null) return undefined
    const made = new Plot(box.current, () => legend.current, props)
    plot.current = made
    return () => made.destroy()
  }, [shape, props.unit, props.rightUnit, props.height])
  useEffect(() => plot.current?.update(props))

  return (
    <section class="chart" aria-label={props.title}>
      <div class="chart-head">
        <h3>{props.title}</h3>
        <ul class="chart-legend" ref={legend}>
          {props.series.map(({ label, colour }) => (
            <li key={label}>
              <i style={{ background: `var(--${colour})` }} />
              <span title={label}>{label}</span>
              <b />
            </li>
          ))}
        </ul>
      </div>
      <div ref={box} role="img" aria-label={`${props.title} over time; the legend has the latest values`} />
    </section>
  )
}

/** What a picture shows. */
interface Drawn {
  readonly range: readonly [number, number] | null
  readonly bands: readonly ChartBand[] | undefined
  readonly lines: readonly ChartLine[] | undefined
  readonly marks: readonly ChartMark[] | undefined
  /** The arrays that were drawn: they may have grown since. */
  readonly values: readonly (readonly (number | null)[])[]
  readonly last: number
  readonly points: number
}

/** The canvas, which lives as long as the shape of the chart stays and is told of new data. Made when it is first seen. */
class Plot {
  #props: ChartProps
  readonly #box: HTMLElement
  readonly #legend: () => HTMLElement | null
  #plot: uPlot | undefined
  readonly #resize: ResizeObserver
  readonly #watch: IntersectionObserver
  readonly #scheme = matchMedia('(prefers-color-scheme: dark)')
  readonly #recolour = (): void => {
    this.#plot?.destroy()
    this.#plot = undefined
    this.#drawn = undefined
    this.#ask()
  }
  #isVisible = false
  /** What is on the canvas now. */
  #drawn: Drawn | undefined

  constructor(box: HTMLElement, legend: () => HTMLElement | null, props: ChartProps) {
    this.#box = box
    this.#legend = legend
    this.#props = props
    // The place is kept, so that nothing moves when the canvas comes.
    box.style.minHeight = `${this.#height()}px`
    this.#resize = new ResizeObserver(() => {
      const width = box.clientWidth
      if (width > 0 && this.#plot !== undefined && width !== this.#plot.width)
        this.#plot.setSize({ width, height: this.#height() })
    })
    this.#resize.observe(box)
    this.#watch = new IntersectionObserver(
      (entries) => {
        this.#isVisible = entries.some((entry) => entry.isIntersecting)
        this.#ask()
      },
      { rootMargin: '200px' },
    )
    this.#watch.observe(box)
    this.#scheme.addEventListener('change', this.#recolour)
    addEventListener('beforeprint', this.#drawNow)
  }

  update(props: ChartProps): void {
    this.#props = props
    if (this.#plot?.cursor.idx == null) this.#tell(props.times.length - 1)
    this.#ask()
  }

  destroy(): void {
    queue.delete(this.#draw)
    this.#resize.disconnect()
    this.#watch.disconnect()
    this.#scheme.removeEventListener('change', this.#recolour)
    removeEventListener('beforeprint', this.#drawNow)
    this.#plot?.destroy()
  }

  #ask(): void {
    if (this.#isVisible && this.#isStale()) drawSoon(this.#draw)
  }

  /** True when another picture would come out: of six hours on six hundred dots, a second more is none. */
  #isStale(): boolean {
    const { times, series, range = null, bands, lines, marks } = this.#props
    const drawn = this.#drawn
    if (drawn === undefined || drawn.range !== range || times.length < drawn.points) return true
    if (series.some(({ values }, i) => values !== drawn.values[i])) return true
    if (!sameJson([drawn.bands, drawn.lines, drawn.marks], [bands, lines, marks])) return true
    const shown = range === null ? (times.at(-1) ?? 1) - (times[0] ?? 0) : range[1] - range[0]
    return (times.at(-1) ?? 0) - drawn.last >= shown / Math.max(1, this.#box.clientWidth)
  }

  readonly #draw = (): void => {
    if (this.#isVisible && !document.hidden) this.#drawNow()
  }

  /** On paper everything can be seen. */
  readonly #drawNow = (): void => {
    const plot = (this.#plot ??= this.#make())
    const { times, series, range = null, bands, lines, marks } = this.#props
    const values = series.map((one) => one.values)
    this.#drawn = { range, bands, lines, marks, values, last: times.at(-1) ?? 0, points: times.length }
    const data = [times, ...values] as unknown as uPlot.AlignedData
    plot.batch(() => {
      plot.setData(data, false)
      plot.setScale('x', range === null ? timeEnds(times) : { min: range[0], max: range[1] })
    })
  }

  /** Values at a place, in the legend. */
  #tell(at: number): void {
    const cells = this.#legend()?.querySelectorAll('b')
    this.#props.series.forEach(({ values, unit, right }, i) => {
      const cell = cells?.[i]
      const of = unit ?? (right === true ? (this.#props.rightUnit ?? this.#props.unit) : this.#props.unit)
      if (cell !== undefined) cell.textContent = formatNumber(values[at], of)
    })
  }

  #height(): number {
    return this.#props.height ?? 170
  }

  #make(): uPlot {
    const props = this.#props
    const style = getComputedStyle(document.documentElement)
    const colour = (name: string): string => style.getPropertyValue(`--${name}`).trim()
    const axis = {
      stroke: colour('quiet'),
      grid: { stroke: colour('grid'), width: 1 },
      ticks: { show: false },
      font: '11px system-ui, sans-serif',
    }
    const hasRight = props.series.some(({ right }) => right)
    const range =
      (isRight: boolean) =>
      (_: uPlot, __: number, max: number): [number, number] => {
        const { lines = [], most } = this.#props
        return [
          0,
          isRight
            ? topOf(max)
            : topOf(
                max,
                lines.map(({ value }) => value),
                most,
              ),
        ]
      }
    const options: uPlot.Options = {
      width: Math.max(this.#box.clientWidth, 100),
      height: this.#height(),
      legend: { show: false },
      cursor: {
        sync: { key: props.syncKey ?? 'page', setSeries: false },
        points: { size: 6 },
        drag: { x: true, y: false, setScale: false },
      },
      scales: { x: { time: false }, y: { range: range(false) }, r: { range: range(true) } },
      axes: [
        { ...axis, size: 26, values: (_, ticks) => ticks.map(formatClock), space: 70 },
        { ...axis, size: 48, values: (_, ticks) => ticks.map((tick) => formatTick(tick, this.#props.unit)), space: 32 },
        ...(hasRight
          ? [
              {
                ...axis,
                scale: 'r',
                // oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- the enum has no value when it runs
                side: 1 as uPlot.Axis.Side,
                size: 48,
                grid: { show: false },
                values: (_: uPlot, ticks: number[]) =>
                  ticks.map((tick) => formatTick(tick, this.#props.rightUnit ?? this.#props.unit)),
                space: 32,
              },
            ]
          : []),
      ],
      series: [
        {},
        ...props.series.map(({ label, colour: name, right, dash, fill }) => ({
          label,
          scale: right === true ? 'r' : 'y',
          stroke: colour(name),
          width: 1.6,
          points: { show: false },
          ...(dash === true ? { dash: [5, 4] } : {}),
          ...(fill === true ? { fill: `color-mix(in srgb, ${colour(name)} 14%, transparent)` } : {}),
        })),
      ],
      hooks: {
        drawClear: [(plot) => this.#drawBands(plot, colour)],
        draw: [(plot) => this.#drawLines(plot, colour)],
        setCursor: [(plot) => this.#tell(plot.cursor.idx ?? this.#props.times.length - 1)],
        setSelect: [(plot) => this.#select(plot)],
      },
    }
    const plot = new uPlot(options, [[]] as unknown as uPlot.AlignedData, this.#box)
    plot.over.addEventListener('dblclick', () => this.#props.onZoom?.(null))
    return plot
  }

  #select(plot: uPlot): void {
    const { left, width } = plot.select
    if (width > 4) {
      const [from, to] = [plot.posToVal(left, 'x'), plot.posToVal(left + width, 'x')]
      if (to - from >= 2) this.#props.onZoom?.([from, to])
    }
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
  }

  #drawBands(plot: uPlot, colour: (name: string) => string): void {
    const { ctx, bbox } = plot
    for (const { from, to, kind } of this.#props.bands ?? []) {
      const [left, right] = [plot.valToPos(from, 'x', true), plot.valToPos(to, 'x', true)]
      const x = Math.max(bbox.left, left)
      const width = Math.min(bbox.left + bbox.width, right) - x
      if (width <= 0) continue
      ctx.fillStyle = colour(kind === 'bad' ? 'bad-band' : 'band')
      ctx.fillRect(x, bbox.top, width, bbox.height)
    }
  }

  #drawLines(plot: uPlot, colour: (name: string) => string): void {
    const { ctx, bbox } = plot
    const { lines = [], marks = [] } = this.#props
    ctx.save()
    ctx.beginPath()
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height)
    ctx.clip()
    ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`
    ctx.lineWidth = devicePixelRatio
    for (const { value, label } of lines) {
      const y = plot.valToPos(value, 'y', true)
      ctx.strokeStyle = colour('bad')
      ctx.fillStyle = colour('bad')
      ctx.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio])
      const isAbove = y < bbox.top
      if (!isAbove) {
        ctx.beginPath()
        ctx.moveTo(bbox.left, y)
        ctx.lineTo(bbox.left + bbox.width, y)
        ctx.stroke()
      }
      ctx.textAlign = 'right'
      ctx.textBaseline = isAbove || y - bbox.top < 16 * devicePixelRatio ? 'top' : 'bottom'
      ctx.fillText(isAbove ? `↑ ${label}` : label, bbox.left + bbox.width - 4, Math.max(bbox.top + 2, y))
    }
    ctx.setLineDash([2 * devicePixelRatio, 3 * devicePixelRatio])
    ctx.strokeStyle = colour('quiet')
    ctx.fillStyle = colour('quiet')
    ctx.textAlign = 'left'
    ctx.textBaseline = 'top'
    let free = bbox.left
    for (const { t, label } of marks) {
      const x = plot.valToPos(t, 'x', true)
      if (x < bbox.left || x > bbox.left + bbox.width) continue
      ctx.beginPath()
      ctx.moveTo(x, bbox.top)
      ctx.lineTo(x, bbox.top + bbox.height)
      ctx.stroke()
      // Texts that would stand on each other are left out: the log has them.
      if (x < free) continue
      const text = label.slice(0, 28)
      ctx.fillText(text, x + 3, bbox.top + 2)
      free = x + ctx.measureText(text).width + 8
    }
    ctx.restore()
  }
}

/** Charts that want to be drawn: some in each frame, so that many of them never hold a page up. */
const queue = new Set<() => void>()
const FRAME_MS = 6

function drawSoon(draw: () => void): void {
  if (queue.size === 0) requestAnimationFrame(drawSome)
  queue.add(draw)
}

function drawSome(): void {
  const until = performance.now() + FRAME_MS
  for (const draw of queue) {
    queue.delete(draw)
    draw()
    if (performance.now() > until) break
  }
  if (queue.size > 0) requestAnimationFrame(drawSome)
}

/** Of small lists: whether they would look the same. */
function sameJson(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b)
}
