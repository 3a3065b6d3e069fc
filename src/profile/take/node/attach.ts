/**
 * Opens the inspector of a running Node process by SIGUSR1 (nodejs.org, "Debugging", enabling by signal), and closes it
 * again. A port is never trusted: the process behind it has to say that it is the one.
 */
import type { Clock } from '#base/clock.js'
import { unusable } from '../errors.js'
import { isAlive, listeningPorts, type TargetProcess } from '../process.js'
import { joinWatchdog, moveInspector, watchdog, watchdogMs } from './in-target.js'
import { InspectorSession } from './session.js'

export interface AttachedNode {
  readonly session: InspectorSession
  readonly version: string
  /** Leaves the process as it was: no profiler, no inspector that was not open before. */
  detach(): Promise<void>
}

/** @param options.forLong  others may want to attach to other processes meanwhile: the usual port is left to them */
export async function attachNode(
  target: TargetProcess,
  clock: Clock,
  options: { readonly forLong?: boolean } = {},
): Promise<AttachedNode> {
  const before = listeningPorts(target.pid)
  const ports = [...inspectorPorts(target), openedPorts.get(target.pid)]
  const open = await inspectorAmong(before.filter((port) => ports.includes(port)))
  const opened = open === undefined
  const atFirst = open ?? (await openBySignal(target, before, clock))
  const url = opened && options.forLong === true ? await offUsualPort(atFirst, target, before, clock) : atFirst
  if (opened) openedPorts.set(target.pid, Number(new URL(url).port))
  const session = await InspectorSession.open(url, clock)
  try {
    return await begin(session, target, opened, clock)
  } catch (error) {
    session.close()
    throw error
  }
}

/** @param url  `http://127.0.0.1:9229`, an inspector that is open */
export async function attachInspector(url: string, clock: Clock): Promise<AttachedNode> {
  const address = await debuggerUrl(url)
  if (address === undefined) {
    throw unusable(
      'PW_PROFILE_NO_INSPECTOR',
      `No inspector answers at ${url}.`,
      'start the program with node --inspect=127.0.0.1:9229, or give --pid',
    )
  }
  const session = await InspectorSession.open(address, clock)
  const version = await session.evaluate<string>('process.version')
  return { session, version, detach: async () => session.close() }
}

async function begin(
  session: InspectorSession,
  target: TargetProcess,
  opened: boolean,
  clock: Clock,
): Promise<AttachedNode> {
  const { pid, version } = await session.evaluate<{ pid: number; version: string }>(
    '({ pid: process.pid, version: process.version })',
  )
  if (pid !== target.innerPid) {
    throw unusable(
      'PW_PROFILE_WRONG_PROCESS',
      `The inspector that opened belongs to process ${pid}, not to ${target.pid}.`,
      'another process holds the port: start the target with --inspect-port=0',
    )
  }
  let guarded = opened
  if (opened) await session.evaluate(watchdog)
  else guarded = await session.evaluate<boolean>(joinWatchdog)
  // A process that ends would wait for us to disconnect, forever.
  session.on('NodeRuntime.waitingForDisconnect', () => session.close())
  await session.send('NodeRuntime.enable').catch(() => undefined)
  await session.send('NodeRuntime.notifyWhenWaitingForDisconnect', { enabled: true }).catch(() => undefined)
  let beat = beatLater()
  function beatLater(): () => void {
    return clock.at(clock.nowNs() + (watchdogMs / 3) * 1e6, () => {
      if (session.closed) return
      void session.evaluate('void globalThis[Symbol.for("perfwright.watchdog")]?.beat()').catch(() => undefined)
      beat = beatLater()
    })
  }
  return {
    session,
    version,
    async detach() {
      beat()
      if (session.closed) return
      if (guarded)
        await session.evaluate('void globalThis[Symbol.for("perfwright.watchdog")]?.end()').catch(() => undefined)
      session.close()
      await session.ended
    },
  }
}

async function openBySignal(target: TargetProcess, before: readonly number[], clock: Clock): Promise<string> {
  if (!target.catchesSigusr1) {
    throw unusable(
      'PW_PROFILE_SIGNAL_OFF',
      `Process ${target.pid} does not take SIGUSR1 (--disable-sigusr1, or it is still starting): the signal would end it.`,
      'start it with node --inspect=127.0.0.1:0, or let perfwright start it: perfwright profile -- node app.js',
    )
  }
  for (let attempt = 0; attempt < attempts && isAlive(target.pid); attempt++) {
    const others = await waitForUsualPort(target, clock)
    signal(target)
    for (let i = 0; i < 40; i++) {
      await wait(clock, 50)
      const url = await inspectorAmong(listeningPorts(target.pid).filter((port) => !before.includes(port)))
      if (url !== undefined) return url
      if (!isAlive(target.pid)) break
    }
    // Signalled again only where somebody may have been quicker to the port.
    if (!others && (await debuggerUrl(`http://127.0.0.1:${usualPort}`)) === undefined) break
  }
  // It may be open at a port that another client chose; whether it is this process's own is asked after that.
  const url = await inspectorAmong(before)
  if (url !== undefined) return url
  throw unusable(
    'PW_PROFILE_NO_INSPECTOR',
    `Process ${target.pid} opened no inspector within 2 s of SIGUSR1: the app handles the signal itself, port 9229 is taken, or its main thread is blocked.`,
    'start it with node --inspect=127.0.0.1:0, and give --pid again',
  )
}

const attempts = 3
const usualPortPatienceMs = 10_000

function signal(target: TargetProcess): void {
  try {
    process.kill(target.pid, 'SIGUSR1')
  } catch {
    throw unusable(
      'PW_PROFILE_PERMISSION',
      `Process ${target.pid} belongs to user ${target.uid}: this user may not signal it.`,
      `run perfwright as that user: sudo -u '#${target.uid}' perfwright profile --pid ${target.pid}`,
    )
  }
}

/** Another process's inspector may be at the port for a moment. @returns whether there was one */
async function waitForUsualPort(target: TargetProcess, clock: Clock): Promise<boolean> {
  if (!inspectorPorts(target).includes(usualPort)) return false
  const untilNs = clock.nowNs() + usualPortPatienceMs * 1e6
  for (let waited = false; ; waited = true) {
    if ((await debuggerUrl(`http://127.0.0.1:${usualPort}`)) === undefined || clock.nowNs() >= untilNs) return waited
    await wait(clock, 100)
  }
}

function wait(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => clock.at(clock.nowNs() + ms * 1e6, resolve))
}

/** Inspectors that a signal of ours opened at a port that nobody named (`--inspect-port=0`), for who attaches second. */
const openedPorts = new Map<number, number>()

/**
 * Every Node process opens the same port by signal, so a second one could not be attached to: each goes on to a free
 * one. Where that does not work out, the address stays.
 */
async function offUsualPort(
  url: string,
  target: TargetProcess,
  before: readonly number[],
  clock: Clock,
): Promise<string> {
  if (new URL(url).port !== String(usualPort)) return url
  const session = await InspectorSession.open(url, clock)
  const pid = await session.evaluate<number>('process.pid').catch(() => undefined)
  if (pid === target.innerPid) await session.evaluate(moveInspector).catch(() => undefined)
  session.close()
  if (pid !== target.innerPid) return url
  for (let i = 0; i < 40; i++) {
    await wait(clock, 50)
    const others = listeningPorts(target.pid).filter((port) => port !== usualPort && !before.includes(port))
    const moved = await inspectorAmong(others)
    if (moved !== undefined) return moved
  }
  return (await debuggerUrl(`http://127.0.0.1:${usualPort}`)) ?? url
}

const usualPort = 9229

/** Where Node puts its inspector: 9229, or what the command line says. Other ports are the app's own: left alone. */
function inspectorPorts({ commandLine }: TargetProcess): number[] {
  const ports = commandLine.flatMap((word) => {
    const value = /^--(?:inspect(?:-brk|-wait|-port)?|debug-port)(?:=(.*))?$/.exec(word)
    return value === null ? [] : [Number(/(\d+)$/.exec(value[1] ?? '')?.[1] ?? usualPort)]
  })
  return [usualPort, ...ports]
}

async function inspectorAmong(ports: readonly number[]): Promise<string | undefined> {
  for (const port of ports) {
    const url = await debuggerUrl(`http://127.0.0.1:${port}`)
    if (url !== undefined) return url
  }
  return undefined
}

async function debuggerUrl(base: string): Promise<string | undefined> {
  try {
    const answer = await fetch(new URL('/json/list', base), { signal: AbortSignal.timeout(2000) })
    const list = (await answer.json()) as readonly { readonly webSocketDebuggerUrl?: unknown }[]
    const url = list[0]?.webSocketDebuggerUrl
    return typeof url === 'string' && url.startsWith('ws://') ? url : undefined
  } catch {
    return undefined
  }
}
