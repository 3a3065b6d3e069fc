// gRPC unary calls on a grpc-go server: calls per CPU second of the generator beside real k6.
import { join } from 'node:path'
import { missingGrpcServer, protoFolder, startGrpcServer } from '../../test/targets/grpc-server/start.mjs'
import { contest } from '../lib/contest.mjs'
import { timedScript } from '../lib/timed.mjs'
import { k6, leftOut, root } from '../lib/tools.mjs'

const vus = 50

export async function run({ work, seconds, rounds }) {
  const missing = missingGrpcServer()
  if (missing !== undefined) {
    process.stdout.write(`left out: ${missing}\n`)
    return []
  }
  const { addresses, stop } = await startGrpcServer({ cores: '0' })
  const script = join(root, 'bench', 'scripts', 'grpc-unary-check.js')
  const args = [
    '--vus',
    vus,
    '--duration',
    `${seconds}s`,
    '-e',
    `ADDRESS=${addresses.plain}`,
    '-e',
    `PROTOS=${protoFolder}`,
    script,
  ]
  const onScript = (tool) => async () => {
    const out = await timedScript(tool, args, { work })
    const { fails } = out.metrics.checks
    if (fails > 0) throw new Error(`${tool}: ${fails} checks failed`)
    return { ...out, count: out.metrics.iterations.count }
  }
  if (!k6) leftOut('k6')
  try {
    return await contest({
      unit: 'calls',
      rounds,
      seconds,
      caption: `client.invoke + 2 checks, ${vus} VUs with a connection each, server: grpc-go on core 0, generator on core 1`,
      ratios: { 'x k6': 'k6 (same script)' },
      contenders: {
        'perfwright (script)': onScript('perfwright'),
        ...(k6 && { 'k6 (same script)': onScript('k6') }),
      },
    })
  } finally {
    stop()
  }
}
