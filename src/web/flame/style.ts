export const style = `
:root { color-scheme: light dark; --bg: #fff; --panel: #f6f6f4; --line: #d9d8d3; --text: #1c1b19; --quiet: #62605a;
  --own: #f0a45b; --dependency: #7fb0de; --runtime: #c9c5bb; --native: #a8cf8f; --gc: #c9a2dc; --idle: #e4e2dc;
  --root: #dcd9d0; --match: #ffe14d; --box-text: #1c1b19; --accent: #9a4a00 }
@media (prefers-color-scheme: dark) { :root { --bg: #191817; --panel: #232220; --line: #3b3936; --text: #eceae4;
  --quiet: #a7a399; --own: #b96f2c; --dependency: #3f719f; --runtime: #57544d; --native: #55803a; --gc: #7d5591;
  --idle: #35332f; --root: #3b3936; --match: #8f7a00; --box-text: #fff; --accent: #ffb26b } }
* { box-sizing: border-box }
body { margin: 0; background: var(--bg); color: var(--text); font: 14px/1.45 system-ui, sans-serif }
header { display: flex; flex-wrap: wrap; gap: 8px 16px; align-items: baseline; padding: 12px 16px; border-bottom: 1px solid var(--line) }
h1 { font-size: 17px; margin: 0; overflow-wrap: anywhere } header p { margin: 0; color: var(--quiet) }
.tools { margin-left: auto; display: flex; flex-wrap: wrap; gap: 8px; align-items: center }
button, select, input { font: inherit; color: inherit; background: var(--panel); border: 1px solid var(--line); border-radius: 6px; padding: 4px 10px }
button[aria-pressed=true] { border-color: var(--accent); color: var(--accent); font-weight: 600 }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 1px }
main { padding: 12px 16px } .graph { width: 100%; overflow: hidden } canvas { width: 100%; display: block; cursor: pointer }
.status { min-height: 3em; padding: 6px 0; font: 12.5px/1.5 ui-monospace, monospace; overflow-wrap: anywhere }
.legend { display: flex; flex-wrap: wrap; gap: 4px 14px; color: var(--quiet); margin: 0 0 8px; padding: 0; list-style: none; font-size: 12.5px }
.legend i { display: inline-block; width: 11px; height: 11px; border-radius: 2px; margin-right: 5px; vertical-align: -1px }
table { border-collapse: collapse; width: 100% } th { text-align: left; font-weight: 600; color: var(--quiet); border-bottom: 1px solid var(--line) }
th, td { padding: 3px 8px; vertical-align: top } td { border-bottom: 1px solid var(--line); font: 12.5px/1.5 ui-monospace, monospace }
.number { text-align: right; white-space: nowrap } .place { color: var(--quiet); overflow-wrap: anywhere } td button { padding: 0; border: 0; background: none; text-align: left; color: inherit; text-decoration: underline dotted; cursor: pointer; overflow-wrap: anywhere }
tr.hot-end td { border-bottom: 2px solid var(--accent) } h2 { font-size: 14px; margin: 14px 0 6px } .note { color: var(--quiet) }
@media print { .tools { display: none } }
`
