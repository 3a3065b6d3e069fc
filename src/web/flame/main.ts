/** The page of a profile: flame graph, table of functions, and the sandwich of one function. */
import type { PageData } from '#profile/page/types.js'
import { formatValue } from '#profile/views/units.js'
import { Graph, type GraphOptions } from './graph.js'
import { style } from './style.js'
import { byFunction, decodeTree, functionKeys, sandwich, totalsOf } from './tree.js'

const data = JSON.parse(document.getElementById('data')?.textContent ?? '{}') as PageData
const tree = decodeTree(data)
const keys = functionKeys(data.frames)
/** Rows of the table: more nobody reads. */
const tableRows = 500

type View = 'flame' | 'table' | 'sandwich'
const state: { view: View; value: number; search: string; frame: number } = {
  view: 'flame',
  value: data.mainValue,
  search: '',
  frame: -1,
}
const totals = new Map<number, Float64Array>()

function total(): Float64Array {
  let of = totals.get(state.value)
  if (of === undefined) totals.set(state.value, (of = totalsOf(tree, tree.self[state.value] as Float64Array)))
  return of
}

function make<K extends keyof HTMLElementTagNameMap>(tag: K, text = '', className = ''): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag)
  if (text !== '') element.textContent = text
  if (className !== '') element.className = className
  return element
}

const status = make('div', '', 'status')
status.setAttribute('aria-live', 'polite')
const colours = new Map<string, string>()
const options = (label: string, inverted = false): GraphOptions => ({
  label,
  inverted,
  colour: (frame) => colourOf(data.frames[frame]?.[3] ?? 'own'),
  text: (frame) => data.frames[frame]?.[0] ?? '',
  describe,
  matches: (frame) => state.search !== '' && isMatch(frame),
  onHover: (text) => {
    status.textContent = text === '' ? hint() : text
  },
  onOpen: openSandwich,
})
const flame = new Graph(options('Flame graph'))
const callers = new Graph(options('Callers', true))
const callees = new Graph(options('Callees'))
const body = make('div')
const buttons = new Map<View, HTMLButtonElement>()

build()
render()
// For whoever measures: milliseconds from the start of the navigation until the first picture was drawn.
requestAnimationFrame(() => {
  document.documentElement.dataset['drawnMs'] = performance.now().toFixed(0)
})

function build(): void {
  const sheet = make('style', style)
  document.head.append(sheet)
  const header = make('header')
  header.append(make('h1', data.title), make('p', data.subtitle))
  const tools = make('div', '', 'tools')
  for (const [view, label] of [
    ['flame', 'Flame graph'],
    ['table', 'Functions'],
    ['sandwich', 'Callers and callees'],
  ] as const) {
    const button = make('button', label)
    button.type = 'button'
    button.addEventListener('click', () => {
      state.view = view
      render()
    })
    buttons.set(view, button)
    tools.append(button)
  }
  tools.append(valuePicker(), searchBox())
  header.append(tools)
  const main = make('main')
  main.append(legend(), body, status)
  for (const note of data.notes) main.append(make('p', note, 'note'))
  document.getElementById('app')?.append(header, main)
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    colours.clear()
    render()
  })
}

function valuePicker(): HTMLSelectElement {
  const picker = make('select')
  picker.setAttribute('aria-label', 'Value')
  for (const [i, { type }] of data.values.entries()) {
    const option = make('option', type)
    option.value = String(i)
    option.selected = i === state.value
    picker.append(option)
  }
  picker.addEventListener('change', () => {
    state.value = Number(picker.value)
    render()
  })
  return picker
}

function searchBox(): HTMLInputElement {
  const box = make('input')
  box.type = 'search'
  box.placeholder = 'Search functions and files ( / )'
  box.setAttribute('aria-label', 'Search functions and files')
  box.addEventListener('input', () => {
    state.search = box.value.toLowerCase()
    render()
  })
  document.addEventListener('keydown', (event) => {
    if (event.key !== '/' || document.activeElement === box) return
    event.preventDefault()
    box.focus()
  })
  return box
}

function legend(): HTMLUListElement {
  const list = make('ul', '', 'legend')
  const words = {
    own: 'own code',
    dependency: 'dependencies',
    runtime: 'runtime and standard library',
    native: 'native',
    gc: 'garbage collection',
    idle: 'idle',
  }
  for (const [origin, text] of Object.entries(words)) {
    if (!data.frames.some((frame) => frame[3] === origin)) continue
    const item = make('li')
    const mark = make('i')
    mark.style.background = `var(--${origin})`
    item.append(mark, text)
    list.append(item)
  }
  return list
}

function render(): void {
  for (const [view, button] of buttons) button.setAttribute('aria-pressed', String(view === state.view))
  status.textContent = hint()
  if (state.view === 'flame') {
    body.replaceChildren(flame.element)
    flame.show(tree, total())
  } else if (state.view === 'table') body.replaceChildren(table())
  else body.replaceChildren(...sandwichView())
}

function table(): HTMLTableElement {
  const all = total()[0] as number
  const rows = byFunction(tree, keys, tree.self[state.value] as Float64Array, total())
  const element = make('table')
  const head = make('tr')
  for (const [text, className] of [
    ['self', 'number'],
    ['self %', 'number'],
    ['total', 'number'],
    ['total %', 'number'],
    ['function', ''],
    ['where', ''],
  ] as const) {
    const cell = make('th', text, className)
    cell.scope = 'col'
    head.append(cell)
  }
  const top = make('thead')
  top.append(head)
  const list = make('tbody')
  let sum = 0
  let marked = false
  for (const row of rows.filter(({ frame }) => state.search === '' || isMatch(frame)).slice(0, tableRows)) {
    const [name, file, line] = data.frames[row.frame] as PageData['frames'][number]
    const element = make('tr')
    sum += row.self
    if (!marked && state.search === '' && sum >= 0.8 * all) {
      marked = true
      element.className = 'hot-end'
      element.title = 'The functions down to here hold 80 %.'
    }
    const open = make('button', name)
    open.type = 'button'
    open.addEventListener('click', () => openSandwich(row.frame))
    const cell = make('td')
    cell.append(open)
    element.append(
      make('td', format(row.self), 'number'),
      make('td', percent(row.self, all), 'number'),
      make('td', format(row.total), 'number'),
      make('td', percent(row.total, all), 'number'),
      cell,
      make('td', file === '' ? '' : `${file}${line > 0 ? `:${line}` : ''}`, 'place'),
    )
    list.append(element)
  }
  element.append(top, list)
  return element
}

function sandwichView(): HTMLElement[] {
  if (state.frame < 0) {
    state.frame = byFunction(tree, keys, tree.self[state.value] as Float64Array, total())[0]?.frame ?? -1
  }
  if (state.frame < 0) return [make('p', 'The profile is empty.')]
  const parts = sandwich(tree, keys, tree.self[state.value] as Float64Array, total(), keys[state.frame] as number)
  const [name, file] = data.frames[state.frame] as PageData['frames'][number]
  callers.show(parts.callers, parts.callersTotal)
  callees.show(parts.callees, parts.calleesTotal)
  return [make('h2', `Callers of ${name} ${file}`), callers.element, make('h2', `What ${name} calls`), callees.element]
}

function openSandwich(frame: number): void {
  state.view = 'sandwich'
  state.frame = frame
  render()
}

function isMatch(frame: number): boolean {
  const [name, file] = data.frames[frame] as PageData['frames'][number]
  return name.toLowerCase().includes(state.search) || file.toLowerCase().includes(state.search)
}

function describe(node: number, frame: number, of: number): string {
  const all = total()[0] as number
  if (frame < 0 || node === 0) return `all: ${format(all)}`
  const [name, file, line] = data.frames[frame] as PageData['frames'][number]
  return `${name}  ${file}${line > 0 ? `:${line}` : ''}  ${format(of)}, ${percent(of, all)} of all`
}

function hint(): string {
  if (state.search !== '') {
    const rows = byFunction(tree, keys, tree.self[state.value] as Float64Array, total()).filter(({ frame }) =>
      isMatch(frame),
    )
    const self = rows.reduce((sum, row) => sum + row.self, 0)
    return `${rows.length} functions match; their own part is ${format(self)}, ${percent(self, total()[0] as number)}`
  }
  return 'Click zooms, a second click goes back; double click shows callers and callees.'
}

function format(value: number): string {
  return formatValue(value, data.values[state.value]?.unit ?? 'count')
}

function percent(part: number, whole: number): string {
  return whole === 0 ? '-' : `${((100 * part) / whole).toFixed(1)} %`
}

function colourOf(origin: string): string {
  let colour = colours.get(origin)
  if (colour === undefined) {
    colour = getComputedStyle(document.documentElement).getPropertyValue(`--${origin}`)
    colours.set(origin, colour)
  }
  return colour
}
