import { changeStatus } from '#control/client.js'
import type { Command } from '../command.js'
import { controlCommand } from '../control-command.js'

export const pauseCommand: Command = controlCommand({
  name: 'pause',
  summary: 'hold a run that serves its REST API',
  about: 'Holds a run: before its start (--paused), or later when its executors are externally-controlled.',
  act: ({ address }) => changeStatus(address, { paused: true }),
})
