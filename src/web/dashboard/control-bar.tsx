/** Stop, pause, VUs: what the engine allows now, and for the rest the reason why not. */
import { useSignal } from '@preact/signals'
import { useRef } from 'preact/hooks'
import type { ControlRequest } from '#dashboard/wire.js'
import { tell } from './api.js'
import type { RunStore } from './store.js'

export function ControlBar({ store }: { readonly store: RunStore }) {
  const problem = useSignal('')
  const isAsking = useSignal(false)
  const input = useRef<HTMLInputElement>(null)
  const controls = store.status.value?.controls
  if (controls === undefined || store.status.value?.end != null) return null
  const send = (request: ControlRequest): void => {
    problem.value = ''
    isAsking.value = false
    tell(`${store.base}/control`, request).catch((error: Error) => (problem.value = error.message))
  }
  const isPaused = controls.resume === true
  const pause = isPaused ? controls.resume : controls.pause
  const why = [
    ['Pause', pause],
    ['VUs', controls.scale],
  ].filter(([, reason]) => typeof reason === 'string')
  return (
    <div class="controls">
      <div class="control-row">
        {isAsking.value ? (
          <>
            <span>Stop the run?</span>
            <button type="button" class="danger" onClick={() => send({ action: 'stop' })}>
              Yes, stop it
            </button>
            <button type="button" onClick={() => (isAsking.value = false)}>
              No
            </button>
          </>
        ) : (
          <button
            type="button"
            class="danger"
            disabled={controls.stop !== true}
            title={controls.stop === true ? 'Ends the run now; what was measured stays' : controls.stop}
            onClick={() => (isAsking.value = true)}
          >
            Stop
          </button>
        )}
        <button
          type="button"
          disabled={pause !== true}
          title={pause === true ? '' : pause}
          onClick={() => send({ action: isPaused ? 'resume' : 'pause' })}
        >
          {isPaused ? 'Resume' : 'Pause'}
        </button>
        {controls.scale === true ? (
          <form
            class="control-row"
            onSubmit={(event) => {
              event.preventDefault()
              const vus = Number(input.current?.value)
              const max = controls.maxVus ?? 0
              send({ action: 'scale', vus, ...(vus > max ? { max: vus } : {}) })
            }}
          >
            <label>
              VUs{' '}
              <input
                ref={input}
                type="number"
                min={0}
                max={100000}
                step={1}
                required
                defaultValue={String(controls.vus ?? 0)}
                class="short"
              />
            </label>
            <button type="submit">Set</button>
          </form>
        ) : null}
      </div>
      {why.length > 0 ? (
        <details class="why">
          <summary>Why not {why.map(([name]) => name).join(', ')}?</summary>
          {why.map(([name, reason]) => (
            <p class="quiet" key={name}>
              {name}: {reason}.
            </p>
          ))}
        </details>
      ) : null}
      <p class="bad" role="alert">
        {problem.value}
      </p>
    </div>
  )
}
