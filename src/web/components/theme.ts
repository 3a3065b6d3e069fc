/** Colours and plain elements of every page. Light and dark by the system's setting, or by `data-theme` on the root. */
import uplot from 'uplot/dist/uPlot.min.css'

const light = `--bg: #f7f7f5; --panel: #fff; --sunk: #f0efec; --line: #dddbd5; --text: #1d1c1a; --quiet: #5f5c55; --accent: #1f5fbf;
  --good: #1c7a3e; --warn: #8a5a00; --bad: #b3261e; --good-soft: #e3f3e8; --warn-soft: #fdf1d8; --bad-soft: #fbe5e3;
  --c1: #1f6fd6; --c2: #d9790b; --c3: #b3261e; --c4: #2f8f4e; --c5: #7a4cc2; --c6: #0f8a8a; --c7: #a5527f; --c8: #7c7a35;
  --grid: #e7e5df; --band: rgba(31, 95, 191, .045); --bad-band: rgba(179, 38, 30, .10);`
const dark = `--bg: #161513; --panel: #1f1e1b; --sunk: #191816; --line: #3a3833; --text: #eceae4; --quiet: #a9a59b; --accent: #7fb2ff;
  --good: #6fcf8e; --warn: #e8b44c; --bad: #ff8a80; --good-soft: #1d3325; --warn-soft: #3a2f16; --bad-soft: #40211f;
  --c1: #6aa8ff; --c2: #f2a650; --c3: #ff8a80; --c4: #76cf92; --c5: #b89af0; --c6: #58c9c9; --c7: #e295bd; --c8: #c2bf6b;
  --grid: #2c2a26; --band: rgba(127, 178, 255, .06); --bad-band: rgba(255, 138, 128, .13);`

export const theme: string = `${uplot}
:root { color-scheme: light dark; ${light} }
@media (prefers-color-scheme: dark) { :root:not([data-theme=light]) { ${dark} } }
:root[data-theme=dark] { color-scheme: dark; ${dark} } :root[data-theme=light] { color-scheme: light }
* { box-sizing: border-box }
body { margin: 0; background: var(--bg); color: var(--text); font: 14px/1.45 system-ui, -apple-system, "Segoe UI", sans-serif }
h1, h2, h3 { margin: 0; font-weight: 650; line-height: 1.25; overflow-wrap: anywhere } h1 { font-size: 17px } h2 { font-size: 15px } h3 { font-size: 13.5px }
p { margin: 0 } a { color: var(--accent) } code, .mono { font: 12.5px/1.5 ui-monospace, SFMono-Regular, Menlo, monospace; overflow-wrap: anywhere }
button, select, input, textarea { font: inherit; color: inherit; background: var(--panel); border: 1px solid var(--line); border-radius: 6px; padding: 5px 10px; min-height: 32px }
button { cursor: pointer } button:hover:not(:disabled) { border-color: var(--accent) } button:disabled { color: var(--quiet); background: var(--sunk); cursor: not-allowed }
button.primary { background: var(--accent); border-color: var(--accent); color: var(--panel); font-weight: 600 } button.danger { border-color: var(--bad); color: var(--bad) }
button[aria-pressed=true], button[aria-selected=true] { border-color: var(--accent); color: var(--accent); font-weight: 600 }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 1px }
.panel { background: var(--panel); border: 1px solid var(--line); border-radius: 10px; padding: 12px 14px; min-width: 0 }
.quiet { color: var(--quiet) } .good { color: var(--good) } .warn { color: var(--warn) } .bad { color: var(--bad) } .num { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums }
.pill { display: inline-block; padding: 1px 9px; border-radius: 99px; font-size: 12.5px; font-weight: 600; background: var(--sunk); white-space: nowrap }
.pill.good { background: var(--good-soft) } .pill.warn { background: var(--warn-soft) } .pill.bad { background: var(--bad-soft) }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap }
.chart { min-width: 0 } .chart-head { display: flex; flex-wrap: wrap; gap: 2px 12px; align-items: baseline; margin-bottom: 4px } .chart-head h3 { margin-right: auto }
.chart-legend { min-width: 0; display: flex; flex-wrap: wrap; gap: 0 12px; margin: 0; padding: 0; list-style: none; font-size: 12.5px; color: var(--quiet) }
.chart-legend li { display: flex; align-items: center; gap: 5px; white-space: nowrap; max-width: 100%; min-width: 0 } .chart-legend b { color: var(--text); font-weight: 600; font-variant-numeric: tabular-nums; min-width: 3.5em; display: inline-block }
.chart-legend span { min-width: 0; overflow: hidden; text-overflow: ellipsis } .chart-legend i { width: 11px; height: 3px; border-radius: 2px; flex: none }
.chart .u-over { cursor: crosshair } .chart .u-select { background: var(--bad-band) } .chart .u-cursor-x { border-right: 1px solid var(--quiet) } .chart .u-cursor-y { display: none }
.grid-table { overflow: auto; border: 1px solid var(--line); border-radius: 8px; background: var(--panel); position: relative }
.grid-row { display: grid; align-items: center; height: 32px; border-bottom: 1px solid var(--grid); padding: 0 10px; gap: 10px; min-width: max-content } .grid-row > * { min-width: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap }
.grid-head { position: sticky; top: 0; z-index: 1; background: var(--sunk); color: var(--quiet); font-weight: 600; font-size: 12.5px } .grid-head button { all: unset; cursor: pointer; width: 100%; box-sizing: border-box } .grid-head button:focus-visible { outline: 2px solid var(--accent) }
.grid-head .num button { text-align: right } .grid-body { position: relative } .grid-body .grid-row { position: absolute; left: 0; right: 0; font-size: 13px } .grid-body .grid-row:hover { background: var(--sunk) } .grid-row.open { background: var(--sunk); box-shadow: inset 3px 0 var(--accent) }
.grid-row button.link { all: unset; cursor: pointer; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; text-decoration: underline dotted var(--quiet); text-underline-offset: 3px; max-width: 100% } .grid-row button.link:focus-visible { outline: 2px solid var(--accent) }
table.plain { border-collapse: collapse; width: 100% } table.plain th { text-align: left; color: var(--quiet); font-size: 12.5px; font-weight: 600 } table.plain th, table.plain td { padding: 5px 10px 5px 0; border-bottom: 1px solid var(--grid); vertical-align: top; overflow-wrap: anywhere } table.plain .num { text-align: right; overflow-wrap: normal }
.spark { display: block; width: 100%; height: 22px } .spark path { fill: none; stroke: var(--c2); stroke-width: 1.4; vector-effect: non-scaling-stroke }
@media print { body { background: #fff } button, input, select { display: none } .panel { break-inside: avoid } }
`

/** Style sheets made by script: a page whose policy allows no inline style may have them. */
export function applyStyles(...sheets: readonly string[]): void {
  document.adoptedStyleSheets = sheets.map((text) => {
    const sheet = new CSSStyleSheet()
    sheet.replaceSync(text)
    return sheet
  })
}
