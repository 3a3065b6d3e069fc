/** The flame graph as one page that needs no network: data, style and code are inside. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from '#base/package-root.js'
import type { Profile } from '../model.js'
import { pageData } from './data.js'

/** @param app  the page's code; by default the one that the build made */
export function renderPage(profile: Profile, title: string, app: string = builtApp()): string {
  // Names come from the profiled program: nothing of theirs can close the element that holds them.
  const data = JSON.stringify(pageData(profile, title)).replaceAll('<', '\\u003c')
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:">
<title>${escapeHtml(title)} - perfwright</title>
<link rel="icon" href="data:,">
</head>
<body>
<div id="app"></div>
<script id="data" type="application/json">${data}</script>
<script>${app.replaceAll('</script', '<\\/script')}</script>
</body>
</html>
`
}

function builtApp(): string {
  return readFileSync(join(packageRoot(), 'dist', 'web', 'flame.js'), 'utf8')
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`)
}
