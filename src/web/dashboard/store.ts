/** What the page knows of a run: filled by server-sent events, read by the views through signals. */
import { batch, signal } from '@preact/signals'
import type {
  CheckRow,
  EndpointRow,
  ExceptionRow,
  FailureRow,
  Hello,
  HistoryData,
  Lists,
  LiveStatus,
  LogEntry,
  TableUpdate,
  Tick,
} from '#dashboard/wire.js'

/** Seconds that are added one by one until the server's coarser history is taken again. */
const REFRESH_TICKS = 900

export type Values = (number | null)[]

/** What comes under which name. */
interface Frames {
  readonly hello: Hello
  readonly history: HistoryData
  readonly tick: Tick
  readonly table: TableUpdate
  readonly state: LiveStatus
  readonly lists: Lists
  readonly bye: object
}

export class RunStore {
  readonly id: string
  readonly hello = signal<Hello | null>(null)
  readonly status = signal<LiveStatus | null>(null)
  readonly failures = signal<readonly FailureRow[]>([])
  readonly exceptions = signal<readonly ExceptionRow[]>([])
  readonly checks = signal<readonly CheckRow[]>([])
  readonly log = signal<readonly LogEntry[]>([])
  /** Rises with every change of the table. */
  readonly tableVersion = signal(0)
  /** Rises with every second. */
  readonly version = signal(0)
  readonly connection = signal<'connecting' | 'live' | 'lost' | 'over'>('connecting')
  /** Stretch that the charts show; null = everything. */
  readonly range = signal<readonly [number, number] | null>(null)
  readonly rows = new Map<number, EndpointRow>()
  readonly names = new Map<number, string>()
  readonly times: number[] = []
  #series: string[] = []
  #index = new Map<string, number>()
  #columns: Values[] = []
  #boot = ''
  #ticksSinceRefresh = 0
  #lastTick = -1
  /** The last ones, for when a history arrives that is some seconds old. */
  #recent: Tick[] = []
  #source: EventSource | undefined

  constructor(id: string) {
    this.id = id
  }

  get base(): string {
    return `/api/live/${encodeURIComponent(this.id)}`
  }

  connect(): void {
    const source = new EventSource(`${this.base}/events`)
    this.#source = source
    const on = <Name extends keyof Frames>(name: Name, take: (data: Frames[Name]) => void): void =>
      source.addEventListener(name, (event) =>
        batch(() => take(JSON.parse((event as MessageEvent<string>).data) as Frames[Name])),
      )
    source.addEventListener('open', () => (this.connection.value = 'live'))
    source.addEventListener('error', () => {
      if (this.connection.value !== 'over') this.connection.value = 'lost'
      // A refusal ends the browser's own attempts.
      if (source.readyState === EventSource.CLOSED && this.connection.value !== 'over') this.#later()
    })
    on('hello', (hello) => {
      if (this.#boot !== '' && hello.boot !== this.#boot) this.#reset()
      this.#boot = hello.boot
      this.hello.value = hello
    })
    on('history', (data) => this.#history(data))
    on('tick', (tick) => this.#tick(tick))
    on('table', (update) => this.#table(update))
    on('state', (status) => (this.status.value = status))
    on('lists', (lists) => this.#lists(lists))
    on('bye', () => {
      this.connection.value = 'over'
      source.close()
      this.version.value++
    })
  }

  close(): void {
    this.#source?.close()
  }

  /** Names of series that begin with `prefix`. */
  seriesOf(prefix: string): string[] {
    return this.#series.filter((name) => name.startsWith(prefix))
  }

  values(name: string): Values {
    const at = this.#index.get(name)
    return at === undefined ? [] : (this.#columns[at] as Values)
  }

  last(name: string): number | null {
    return this.values(name).at(-1) ?? null
  }

  #later(): void {
    setTimeout(() => this.connect(), 3000)
  }

  #reset(): void {
    this.rows.clear()
    this.names.clear()
    this.times.length = 0
    this.#series = []
    this.#index.clear()
    this.#columns = []
    this.#lastTick = -1
    this.#recent = []
  }

  #history(data: HistoryData): void {
    this.times.length = 0
    this.times.push(...data.times)
    this.#series = [...data.series]
    this.#index = new Map(this.#series.map((name, i) => [name, i]))
    this.#columns = data.values.map((column) => [...column])
    this.#lastTick = data.tick
    this.#ticksSinceRefresh = 0
    for (const tick of this.#recent) if (tick.tick > data.tick) this.#append(tick)
    this.version.value++
  }

  #tick(tick: Tick): void {
    if (tick.more !== undefined) this.#learn(tick.more, tick.moreFrom ?? this.#series.length)
    if (tick.tick <= this.#lastTick) return
    this.#append(tick)
    this.#recent = [...this.#recent.slice(-30), tick]
    this.version.value++
    if (++this.#ticksSinceRefresh >= REFRESH_TICKS) void this.#refresh()
  }

  #append(tick: Tick): void {
    this.#lastTick = tick.tick
    this.times.push(tick.t)
    for (const [i, column] of this.#columns.entries()) column.push(tick.values[i] ?? null)
  }

  #learn(more: readonly string[], from: number): void {
    for (const [i, name] of more.entries()) {
      const at = from + i
      if (this.#series[at] === name) continue
      this.#series[at] = name
      this.#index.set(name, at)
      this.#columns[at] = Array.from({ length: this.times.length }, () => null)
    }
  }

  /** The server's history is coarser where it is old: a page that is open for hours holds no more than that. */
  async #refresh(): Promise<void> {
    this.#ticksSinceRefresh = 0
    const answer = await fetch(`${this.base}/history`)
    if (!answer.ok) return
    this.#history((await answer.json()) as HistoryData)
  }

  #table({ names, rows }: TableUpdate): void {
    for (const [index, name] of names) this.names.set(index, name)
    for (const row of rows) this.rows.set(row[0], row)
    this.tableVersion.value++
  }

  #lists(lists: Lists): void {
    if (lists.failures !== undefined) this.failures.value = lists.failures
    if (lists.exceptions !== undefined) this.exceptions.value = lists.exceptions
    if (lists.checks !== undefined) this.checks.value = lists.checks
    if (lists.log !== undefined) this.log.value = lists.log
  }
}
