/** Who beside the declared targets was asked, by the script or by the target. */
import type { Checkpoint } from '#record/analysis.js'
import { knownServiceOf, matches, risks } from '../known-services.js'
import type { Contact, ThirdPartiesInput } from './types.js'

export function thirdPartiesCheckpoint({ contacts, allowed, sawTarget }: ThirdPartiesInput): Checkpoint {
  const id = 'third-parties'
  const grave: string[] = []
  const doubts: string[] = []
  const facts: string[] = []
  for (const contact of contacts) {
    if (contact.isTarget) continue
    const name = contact.host.replace(/:\d+$/, '').toLowerCase()
    const service = knownServiceOf(name)
    const who = service === undefined ? contact.host : `${contact.host} (${service.name})`
    const isAllowed = allowed.some((pattern) => matches(pattern, name) || matches(pattern, contact.host.toLowerCase()))
    if (contact.where === 'this-machine') {
      if (service !== undefined) facts.push(`${who} is a stand-in on this machine`)
    } else if (isAllowed) facts.push(`the ${contact.by} used ${who}, which is allowed`)
    else if (contact.where === 'refused') grave.push(`${who} was refused: ${why(contact)}`)
    else if (service !== undefined) grave.push(`the ${contact.by} used ${who}: ${why(contact)}`)
    else if (contact.where === 'internet') doubts.push(`the ${contact.by} used ${who}, which is no declared target`)
    else facts.push(`the ${contact.by} used ${who} in the private network`)
  }
  const problems = [...grave, ...doubts]
  const unseen = sawTarget ? [] : ['what the target connects to was not seen (no process of this machine was observed)']
  if (problems.length > 0)
    return {
      id,
      verdict: grave.length > 0 ? 'failed' : 'warning',
      text: `Third parties were part of the test: ${problems[0]}.`,
      details: [...problems.slice(1), ...facts, ...unseen],
    }
  const text = sawTarget
    ? 'Script and target used nobody but the declared targets, this machine and the private network.'
    : 'The script used nobody but its targets.'
  return { id, verdict: 'ok', text, details: [...facts, ...unseen] }
}

function why({ host }: Contact): string {
  const service = knownServiceOf(host)
  return service === undefined ? 'it is not allowed' : `in a load test ${risks[service.risk]}`
}
