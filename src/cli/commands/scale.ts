import { changeStatus } from '#control/client.js'
import type { Command } from '../command.js'
import { controlCommand } from '../control-command.js'

export const scaleCommand: Command = controlCommand({
  name: 'scale',
  summary: 'change the VUs of an externally-controlled run',
  about: 'Changes the VUs of a run whose executor is externally-controlled.',
  scales: true,
  act: ({ address, vus, max }) =>
    changeStatus(address, { ...(vus === undefined ? {} : { vus }), ...(max === undefined ? {} : { 'vus-max': max }) }),
})
