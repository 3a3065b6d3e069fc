// Turns a coloured terminal capture into an SVG picture for the documentation:
//   tmux capture-pane -e -p -t SESSION | node scripts/terminal-svg.mjs > docs/images/run.svg
import { readFileSync } from 'node:fs'

const colours = { 31: '#ff7b72', 32: '#7ee787', 33: '#e3b341', 36: '#79c0ff' }
const lines = readFileSync(0, 'utf8').replace(/\s+$/, '').split('\n')
const plain = lines.map((line) => line.replace(/\x1b\[[0-9;]*m/g, ''))
const columns = Math.max(...plain.map((line) => line.length))
const [cellWidth, lineHeight, pad] = [7.8, 17, 14]
const width = Math.ceil(columns * cellWidth + 2 * pad)
const height = lines.length * lineHeight + 2 * pad
// Plain spaces would collapse.
const escape = (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/ /g, '\u00a0')

let style = { colour: '#c9d1d9', bold: false, dim: false }
const rows = lines.map((line, row) => {
  const spans = []
  let column = 0
  for (const part of line.split(/(\x1b\[[0-9;]*m)/)) {
    const codes = /^\x1b\[([0-9;]*)m$/.exec(part)
    if (codes === null) {
      if (part.trim() !== '') spans.push(span(part, column, row))
      column += part.length
    } else for (const code of codes[1].split(';').map(Number)) style = apply(code)
  }
  return spans.join('')
})

process.stdout.write(`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">
<rect width="100%" height="100%" rx="8" fill="#0d1117"/>
<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="13" xml:space="preserve">
${rows.filter((row) => row !== '').join('\n')}
</g>
</svg>
`)

function span(text, column, row) {
  const x = (pad + column * cellWidth).toFixed(1)
  const y = pad + row * lineHeight + 12
  const weight = style.bold ? ' font-weight="bold"' : ''
  const opacity = style.dim ? ' opacity="0.6"' : ''
  return `<text x="${x}" y="${y}" textLength="${(text.length * cellWidth).toFixed(1)}" fill="${style.colour}"${weight}${opacity}>${escape(text)}</text>`
}

function apply(code) {
  if (code === 0) return { colour: '#c9d1d9', bold: false, dim: false }
  if (code === 1) return { ...style, bold: true }
  if (code === 2) return { ...style, dim: true }
  if (code === 22) return { ...style, bold: false, dim: false }
  if (code === 39) return { ...style, colour: '#c9d1d9' }
  return colours[code] === undefined ? style : { ...style, colour: colours[code] }
}
