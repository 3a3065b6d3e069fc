/** The questions that `perfwright plan` asks on a terminal. */
import { decisionTree, typeFor } from './questions.js'
import type { Answers } from './make-plan.js'
import { type PlanEnvironment, type PlanTraffic, type Question, serviceTypes, type ServiceType } from './schema.js'
import { assumed } from './traffic.js'

/** Asks until it gets an answer that `check` takes. */
export interface Asker {
  /** @param fallback  taken when nothing is typed */
  text(question: string, fallback: string, check?: (answer: string) => string | undefined): Promise<string>
  /** @returns the index of what was chosen */
  choose(question: string, options: readonly string[], fallback?: number): Promise<number>
}

/** @param given  what flags have said already, which is not asked again */
export async function interview(asker: Asker, given: Answers): Promise<Answers> {
  let { question, service, type } = given
  if (question === undefined && type === undefined) {
    const rows = decisionTree
    const at = await asker.choose(
      'What do you want to know?',
      rows.map(({ asks, type }) => `${asks}  (${type} test)`),
    )
    question = rows[at]?.question as Question
  }
  const urls = given.urls.length > 0 ? given.urls : [await asker.text('Where is it?', 'http://127.0.0.1:8080', isUrl)]
  if (service === undefined) {
    service = serviceTypes[await asker.choose('What kind of service is it?', serviceTypes)] as ServiceType
  }
  const isSmoke = (type ?? typeFor(question ?? 'expected', true)) === 'smoke'
  const traffic = isSmoke ? given.traffic : await askTraffic(asker, given.traffic)
  const environment = isSmoke ? given.environment : (given.environment ?? (await askEnvironment(asker)))
  return { ...given, question, type, service, urls, traffic, environment }
}

async function askTraffic(asker: Asker, given: PlanTraffic): Promise<PlanTraffic> {
  if (given.usersPerDay !== undefined || given.peakRps !== undefined) return given
  const known = await asker.choose('What do you know of the traffic?', ['users a day', 'requests a second at the peak'])
  const thinkTime = async (): Promise<string> =>
    given.thinkTime ??
    (await asker.text('How long does a user look at a page (think time)?', assumed.thinkTime, isTime))
  if (known === 1) {
    const peakRps = Number(await asker.text('Requests a second at the peak', '50', isPositive))
    return { ...given, peakRps, thinkTime: await thinkTime() }
  }
  const usersPerDay = Number(await asker.text('Users a day', '10000', isPositive))
  const session = await asker.text('How long is a visit?', given.session ?? assumed.session, isTime)
  const think = await thinkTime()
  const peakFactor = Number(
    await asker.text('How many times the average is the busiest hour?', String(assumed.peakFactor), isPositive),
  )
  return { ...given, usersPerDay, session, thinkTime: think, peakFactor: Math.max(1, peakFactor) }
}

async function askEnvironment(asker: Asker): Promise<PlanEnvironment | undefined> {
  const like = await asker.choose('Is the tested environment like production?', [
    'the same, or I do not know',
    'smaller',
  ])
  if (like === 0) return undefined
  const number = async (question: string, fallback: string): Promise<number> =>
    Number(await asker.text(question, fallback, isPositive))
  return {
    cores: {
      test: await number('Cores of one replica, here', '2'),
      production: await number('... in production', '8'),
    },
    replicas: { test: await number('Replicas, here', '1'), production: await number('... in production', '2') },
  }
}

function isUrl(text: string): string | undefined {
  return /^https?:\/\/[^/\s]/.test(text) ? undefined : 'a URL such as http://127.0.0.1:8080'
}

function isTime(text: string): string | undefined {
  return /^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text) ? undefined : 'a time such as 3s or 5m'
}

function isPositive(text: string): string | undefined {
  return Number(text) > 0 ? undefined : 'a number above 0'
}
