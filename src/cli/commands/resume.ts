import { changeStatus } from '#control/client.js'
import type { Command } from '../command.js'
import { controlCommand } from '../control-command.js'

export const resumeCommand: Command = controlCommand({
  name: 'resume',
  summary: 'let a held run go on',
  about: 'Starts a run that was started with --paused, or lets a paused one go on.',
  act: ({ address }) => changeStatus(address, { paused: false }),
})
