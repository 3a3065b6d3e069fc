import { readStatus } from '#control/client.js'
import type { Command } from '../command.js'
import { controlCommand } from '../control-command.js'

export const statusCommand: Command = controlCommand({
  name: 'status',
  summary: 'show the state of a run that serves its REST API',
  about:
    'Shows the state of a run. status: 0 created, 1-3 initialising, 4 held before its start, 5-6 setup, 7 running,\n8 teardown, 9 ended, 10 interrupted.',
  act: ({ address }) => readStatus(address),
})
