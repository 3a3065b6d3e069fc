/** Runs a script once against side a, through a recorder, and hands back what it sent. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { systemClock } from '#base/clock.js'
import { type DuetRequest, hostsIn, RequestRecorder, type SideSpec, startSide, usage } from '#duet/index.js'
import { loadScript } from '#api/load-script.js'
import type { CommandIo } from '../command.js'
import { parseRunFlags } from '../run-flags.js'
import { runScript } from '../commands/run.js'
import { compile } from '../script-host.js'
import type { DuetFlags } from './flags.js'

const mostRequests = 2000
const recordedFor = '5s'

/**
 * One VU for some seconds. The script finds the target by `BASE_URL`; addresses that stand in its text are led there too.
 * @throws PW_DUET_USAGE when nothing came through
 */
export async function recordScript(
  script: string,
  flags: DuetFlags,
  a: SideSpec,
  io: CommandIo,
  signal: AbortSignal,
): Promise<readonly DuetRequest[]> {
  const source = await loadScript(script, io.cwd, io.stdin)
  const found = hostsIn((await compile(source, io.env)).code)
  const side = await startSide('a', a, systemClock, signal)
  const recorder = new RequestRecorder(side.base, mostRequests, () => {})
  const dir = mkdtempSync(join(tmpdir(), 'perfwright-duet-'))
  try {
    const port = await recorder.open()
    const base = `http://127.0.0.1:${port}`
    const env = Object.entries({ [flags.baseEnv]: base, ...flags.env }).flatMap(([name, value]) => [
      '-e',
      `${name}=${value}`,
    ])
    const given = [
      '--quiet',
      '--no-summary',
      '--no-thresholds',
      '--no-observe',
      '--no-report',
      '--record',
      join(dir, 'run'),
    ]
    const command = parseRunFlags(['-u', '1', '-d', recordedFor, ...given, ...env, script], io.env)
    const hosts = Object.fromEntries(found.http.map((host) => [host, `127.0.0.1:${port}`]))
    io.stderr.write(`one VU of ${script} for ${recordedFor}, to see what it sends\n`)
    const { exitCode } = await runScript(
      { ...command, options: { ...command.options, hosts } },
      {
        ...io,
        // Its summary is not what was asked for.
        stdout: new Writable({ write: (_, __, done) => done() }),
      },
    )
    if (recorder.requests.length === 0) {
      const https =
        found.https.length === 0 ? '' : ` It names ${found.https.join(', ')} by https, which cannot be led elsewhere.`
      throw usage(
        `No request of ${script} came to the target (the run ended with ${exitCode}).${https}`,
        `let the script take its address from __ENV.${flags.baseEnv}, or name that variable: --base-env TARGET`,
      )
    }
    if (recorder.tooLarge > 0) io.stderr.write(`${recorder.tooLarge} requests with bodies above 1 MB are left out\n`)
    return recorder.requests
  } finally {
    await recorder.close()
    await side.stop()
    rmSync(dir, { recursive: true, force: true })
  }
}
