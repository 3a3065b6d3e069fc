/** Starts a script that is below the dashboard's folder. */
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { ask, tell } from './api.js'

export function StartView() {
  const scripts = useSignal<readonly string[] | null>(null)
  const problem = useSignal('')
  const isStarting = useSignal(false)
  useEffect(() => {
    document.title = 'Start a run - perfwright'
    ask<string[]>('/api/scripts').then(
      (found) => (scripts.value = found),
      (error: Error) => (problem.value = error.message),
    )
  }, [])
  const start = (event: SubmitEvent): void => {
    event.preventDefault()
    const form = new FormData(event.currentTarget as HTMLFormElement)
    const text = (name: string): string | undefined => String(form.get(name) ?? '').trim() || undefined
    const count = (name: string): number | undefined => (text(name) === undefined ? undefined : Number(text(name)))
    problem.value = ''
    isStarting.value = true
    tell<{ record: string }>('/api/start', {
      script: text('script'),
      name: text('name'),
      vus: count('vus'),
      duration: text('duration'),
      iterations: count('iterations'),
      env: variables(text('env') ?? ''),
    }).then(
      ({ record }) => location.assign(`/live?run=${encodeURIComponent(record)}`),
      (error: Error) => {
        isStarting.value = false
        problem.value = error.message
      },
    )
  }
  return (
    <section class="panel start">
      <h1>Start a run</h1>
      {scripts.value === null ? (
        <p class="quiet">Looking for scripts…</p>
      ) : scripts.value.length === 0 ? (
        <p>No script that imports k6's modules is below the folder in which the dashboard was started.</p>
      ) : (
        <form onSubmit={start}>
          <label>
            Script
            <select name="script" required>
              {scripts.value.map((path) => (
                <option key={path}>{path}</option>
              ))}
            </select>
          </label>
          <label>
            Name <input name="name" maxLength={60} pattern="[\w .\-]+" placeholder="of the run" />
          </label>
          <label>
            VUs <input name="vus" type="number" min={1} max={100000} placeholder="as the script says" />
          </label>
          <label>
            Duration <input name="duration" pattern="(\d+(\.\d+)?(ms|s|m|h))+" placeholder="30s; as the script says" />
          </label>
          <label>
            Iterations <input name="iterations" type="number" min={1} placeholder="as the script says" />
          </label>
          <label>
            Variables of the script, one a line{' '}
            <textarea name="env" rows={3} placeholder="BASE_URL=http://127.0.0.1:8080" />
          </label>
          <button type="submit" class="primary" disabled={isStarting.value}>
            {isStarting.value ? 'Starting…' : 'Start'}
          </button>
        </form>
      )}
      <p class="bad" role="alert">
        {problem.value}
      </p>
    </section>
  )
}

/** `NAME=VALUE` lines. */
function variables(text: string): Record<string, string> {
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  return Object.fromEntries(
    lines.map((line) => {
      const at = line.indexOf('=')
      return at < 0 ? [line.trim(), ''] : [line.slice(0, at).trim(), line.slice(at + 1).trim()]
    }),
  )
}
