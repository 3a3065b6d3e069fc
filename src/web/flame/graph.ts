/** One flame graph on a canvas: zoom by click or Enter, keys to walk, a title for what is under the pointer. */
import { type Box, layout, type Tree } from './tree.js'

export interface GraphOptions {
  readonly label: string
  /** Callers above instead of callees below. */
  readonly inverted?: boolean
  colour(frame: number): string
  text(frame: number): string
  describe(node: number, frame: number, total: number): string
  matches(frame: number): boolean
  onHover(text: string): void
  onOpen(frame: number): void
}

const rowHeight = 19

export class Graph {
  readonly element: HTMLDivElement
  readonly #canvas = document.createElement('canvas')
  readonly #options: GraphOptions
  #tree: Tree | undefined
  #total: Float64Array = new Float64Array()
  #root = 0
  #boxes: readonly Box[] = []
  #rows: Box[][] = []
  #focus: Box | undefined
  #charWidth = 7

  constructor(options: GraphOptions) {
    this.#options = options
    this.element = document.createElement('div')
    this.element.className = 'graph'
    this.#canvas.tabIndex = 0
    this.#canvas.setAttribute('role', 'application')
    this.#canvas.setAttribute(
      'aria-label',
      `${options.label}. Arrow keys walk, Enter zooms, Escape zooms out; the table holds the same numbers.`,
    )
    this.element.append(this.#canvas)
    this.#canvas.addEventListener('mousemove', (event) => this.#hover(this.#at(event)))
    this.#canvas.addEventListener('mouseleave', () => this.#hover(undefined))
    this.#canvas.addEventListener('click', (event) => this.#zoom(this.#at(event)))
    this.#canvas.addEventListener('dblclick', (event) => this.#open(this.#at(event)))
    this.#canvas.addEventListener('keydown', (event) => this.#key(event))
    new ResizeObserver(() => this.draw()).observe(this.element)
  }

  show(tree: Tree, total: Float64Array): void {
    this.#tree = tree
    this.#total = total
    this.#root = 0
    this.#focus = undefined
    this.draw()
  }

  draw(): void {
    const tree = this.#tree
    const width = this.element.clientWidth
    if (tree === undefined || width === 0) return
    const whole = this.#total[this.#root] as number
    // Narrower than half a pixel nobody sees.
    this.#boxes = whole > 0 ? layout(tree, this.#total, this.#root, whole / width / 2) : []
    this.#rows = []
    for (const box of this.#boxes) (this.#rows[box.depth] ??= []).push(box)
    const height = Math.max(1, this.#rows.length) * rowHeight
    const ratio = devicePixelRatio || 1
    this.#canvas.width = Math.round(width * ratio)
    this.#canvas.height = Math.round(height * ratio)
    this.#canvas.style.height = `${height}px`
    const context = this.#canvas.getContext('2d')
    if (context === null) return
    context.scale(ratio, ratio)
    context.font = '12px ui-monospace, monospace'
    context.textBaseline = 'middle'
    const style = getComputedStyle(this.element)
    this.#charWidth = context.measureText('m').width
    for (const box of this.#boxes) this.#drawBox(context, box, width / whole, height, style)
  }

  #drawBox(
    context: CanvasRenderingContext2D,
    box: Box,
    scale: number,
    height: number,
    style: CSSStyleDeclaration,
  ): void {
    const frame = this.#frame(box)
    const [x, y, width] = [box.x * scale, this.#y(box, height), box.width * scale]
    const isMatch = frame >= 0 && this.#options.matches(frame)
    context.fillStyle =
      frame < 0
        ? style.getPropertyValue('--root')
        : isMatch
          ? style.getPropertyValue('--match')
          : this.#options.colour(frame)
    context.fillRect(x, y, Math.max(0.5, width - 0.5), rowHeight - 1)
    if (box === this.#focus) {
      context.strokeStyle = style.getPropertyValue('--text')
      context.lineWidth = 2
      context.strokeRect(x + 1, y + 1, Math.max(1, width - 2.5), rowHeight - 3)
    }
    const room = Math.floor((width - 6) / this.#charWidth)
    if (room < 3) return
    const text = frame < 0 ? 'all' : this.#options.text(frame)
    context.fillStyle = style.getPropertyValue('--box-text')
    context.fillText(text.length > room ? `${text.slice(0, room - 1)}…` : text, x + 3, y + rowHeight / 2)
  }

  #y(box: Box, height: number): number {
    return this.#options.inverted === true ? height - (box.depth + 1) * rowHeight : box.depth * rowHeight
  }

  #frame(box: Box): number {
    return box.node === 0 ? -1 : ((this.#tree as Tree).frames[box.node] as number)
  }

  #at(event: MouseEvent): Box | undefined {
    const bounds = this.#canvas.getBoundingClientRect()
    const y = Math.floor((event.clientY - bounds.top) / rowHeight)
    const depth = this.#options.inverted === true ? this.#rows.length - 1 - y : y
    const x = ((event.clientX - bounds.left) / bounds.width) * (this.#total[this.#root] as number)
    return this.#rows[depth]?.find((box) => x >= box.x && x < box.x + box.width)
  }

  #hover(box: Box | undefined): void {
    this.#options.onHover(box === undefined ? '' : this.#describe(box))
  }

  #describe(box: Box): string {
    return this.#options.describe(box.node, this.#frame(box), this.#total[box.node] as number)
  }

  #zoom(box: Box | undefined): void {
    if (box === undefined) return
    // A click on the zoomed frame goes back one step.
    this.#root = box.node === this.#root ? Math.max(0, (this.#tree as Tree).parents[box.node] ?? 0) : box.node
    this.#focus = undefined
    this.draw()
    this.#hover(this.#boxes[0])
  }

  #open(box: Box | undefined): void {
    const frame = box === undefined ? -1 : this.#frame(box)
    if (frame >= 0) this.#options.onOpen(frame)
  }

  #key(event: KeyboardEvent): void {
    const box = this.#focus ?? this.#boxes[0]
    if (box === undefined) return
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0
    const deeper = this.#options.inverted === true ? 'ArrowUp' : 'ArrowDown'
    const shallower = this.#options.inverted === true ? 'ArrowDown' : 'ArrowUp'
    let next: Box | undefined
    if (step !== 0) {
      const row = this.#rows[box.depth] ?? []
      next = row[row.indexOf(box) + step]
    } else if (event.key === deeper) {
      next = this.#rows[box.depth + 1]?.find((child) => child.x >= box.x && child.x < box.x + box.width)
    } else if (event.key === shallower) {
      next = this.#rows[box.depth - 1]?.find((parent) => box.x >= parent.x && box.x < parent.x + parent.width)
    } else if (event.key === 'Enter') {
      event.preventDefault()
      return this.#zoom(box)
    } else if (event.key === 'Escape') {
      this.#root = 0
      this.#focus = undefined
      return this.draw()
    } else return
    event.preventDefault()
    if (next === undefined) return
    this.#focus = next
    this.draw()
    this.#hover(next)
  }
}
