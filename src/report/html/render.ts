/** `report.html`: one page that needs no network; data, style and code are inside. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from '#base/package-root.js'
import type { PageData } from './page-data.js'

/** @param app  the page's code; by default the one that the build made */
export function renderReportPage(data: PageData, app: string = builtApp()): string {
  // Names come from the target: nothing of theirs can close the element that holds them.
  const json = JSON.stringify(data)
    .replaceAll('<', '\\u003c')
    .replaceAll('\u2028', '\\u2028')
    .replaceAll('\u2029', '\\u2029')
  return `<!doctype html>
<html lang="${data.language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(data.title)} - perfwright</title>
<link rel="icon" href="data:,">
</head>
<body>
<div id="app"></div>
<noscript>${escapeHtml(data.executive.answer.map(({ text }) => text).join(' '))}</noscript>
<script id="data" type="application/json">${json}</script>
<script>${app.replaceAll('</script', '<\\/script')}</script>
</body>
</html>
`
}

function builtApp(): string {
  return readFileSync(join(packageRoot(), 'dist', 'web', 'report.js'), 'utf8')
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`)
}
