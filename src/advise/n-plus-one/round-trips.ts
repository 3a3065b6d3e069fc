/** Loops over Redis commands and over calls of other services: a round trip for each where one would do. */
import { ms, number, percent } from '#diagnose/finding.js'
import type { Change } from '#record/index.js'
import type { Exchange } from '#wire/types.js'
import { answer, makeAdvice, notAssessed } from '../advice.js'
import type { OutgoingCall } from '../probe/capture.js'
import type { Language } from '../target/facts.js'
import type { Advice, AdviseInput, Advisor } from '../types.js'
import { loopsOf, manyPerRequest, type Repeated } from './loops.js'
import { type RedisLoopTrial, tryAtOnce } from './redis-trial.js'

export const roundTripLoops: Advisor = {
  name: 'round-trips',
  kinds: ['n-plus-one'],
  explains: `Redis commands and calls of other HTTP services (--calls) that repeat one after the other within one request, from ${manyPerRequest} on; a pipeline or an MGET is no loop. Reads the same keys both ways from the real Redis and compares values and time.`,
  async advise(input) {
    const { capture } = input
    if (capture === undefined)
      return notAssessed('no request was sent through a proxy (--db or --calls, --target-cmd and --url)')
    const endpoints = [...new Set(capture.requests.map(({ endpoint }) => endpoint))]
    const advice: Advice[] = []
    for (const endpoint of endpoints) {
      const requests = capture.requests.filter((one) => one.endpoint === endpoint)
      const redis = loopsOf(
        requests,
        ({ exchanges }) => exchanges.filter(({ protocol }) => protocol === 'redis'),
        (one) => one.family,
        (one) => one.paramsHash,
      )
      for (const loop of redis.filter(({ isSerial }) => isSerial)) advice.push(await redisAdvice(loop, input))
      const mongo = loopsOf(
        requests,
        ({ exchanges }) => exchanges.filter(({ protocol }) => protocol === 'mongodb'),
        (one) => one.family,
        (one) => one.paramsHash,
      )
      for (const loop of mongo) advice.push(mongoAdvice(loop))
      const calls = loopsOf(
        requests,
        (one) => one.calls,
        ({ method, host, path }) => `${method} ${host}${path}`,
        ({ startMs }) => String(startMs),
      )
      for (const loop of calls) advice.push(callAdvice(loop, input.target.language))
    }
    const most = Math.max(
      0,
      ...capture.requests.map(
        ({ exchanges, calls }) => exchanges.filter(({ protocol }) => protocol === 'redis').length + calls.length,
      ),
    )
    return answer(advice, `at most ${most} Redis commands and calls of other services in a request, none in a loop`)
  },
}

async function redisAdvice(loop: Repeated<Exchange>, input: AdviseInput): Promise<Advice> {
  const { example, items, family } = loop
  const name = family.split(' ')[0] ?? ''
  const at = input.databases.find(({ kind }) => kind === 'redis')
  const trial = at === undefined ? 'its Redis could not be asked (--db)' : await tryAtOnce(at.uri, items)
  const one = typeof trial === 'string' ? undefined : trial
  const calls = number(Math.round(loop.count))
  const left = (oneMs: number): number =>
    loop.responseMs.median - loop.loopMs.median + Math.min(oneMs, loop.loopMs.median)
  return makeAdvice({
    ...common(loop, 'redis'),
    title: `${example.endpoint}: ${calls} times ${family}, one after the other, ${percent(loop.share)} of its time`,
    where: { endpoint: example.endpoint, resource: `redis ${family}` },
    fix:
      name === 'GET' ? 'One MGET with all keys, or a pipeline.' : 'A pipeline: all commands at once, then all answers.',
    advice: {
      changes: [pipelineCode(input.target.language, name)],
      gain: {
        metric: `response time of ${example.endpoint} with one client`,
        unit: 'ms',
        before: loop.responseMs.median,
        after: left(one?.onceMs.median ?? loop.loopMs.median / items.length),
        afterLow: one === undefined ? null : left(one.onceMs.low),
        afterHigh: one === undefined ? null : left(one.onceMs.high),
        basis: 'estimated',
        how:
          one === undefined
            ? 'the time of all but one of the round trips'
            : `${one.count} commands took ${ms(one.eachMs.median)} one by one and ${ms(one.onceMs.median)} in a pipeline (medians of ${one.onceMs.count}, in turns)`,
      },
      costs: ['All answers are held at once; for thousands of keys take a few hundred at a time.'],
      verification: verificationOf(trial),
    },
  })
}

function verificationOf(trial: RedisLoopTrial | string): Advice['advice']['verification'] {
  if (typeof trial === 'string') return { state: 'observed', how: trial }
  if (!trial.isSame) return { state: 'observed', how: 'the values changed between the two readings' }
  return {
    state: trial.onceMs.median < trial.eachMs.median ? 'verified' : 'refuted',
    how: `the same ${trial.count} values from the real Redis both ways: ${ms(trial.eachMs.median)} one by one, ${ms(trial.onceMs.median)} at once`,
  }
}

function mongoAdvice(loop: Repeated<Exchange>): Advice {
  const { example, family, items } = loop
  return makeAdvice({
    ...common(loop, 'mongodb'),
    title: `${example.endpoint}: ${number(Math.round(loop.count))} times ${family.slice(0, 100)} in one request, ${percent(loop.share)} of its time`,
    where: { endpoint: example.endpoint, resource: `mongodb ${family.slice(0, 300)}` },
    fix: 'One find with {$in: [all keys]}, or a $lookup.',
    advice: {
      changes: [
        {
          form: 'code',
          language: 'javascript',
          text: 'const rows = await collection.find({ [key]: { $in: keys } }).toArray()\nconst byKey = Map.groupBy(rows, (row) => String(row[key]))',
        },
      ],
      gain: estimate(loop),
      costs: ['One larger answer is held in memory at a time.'],
      verification: {
        state: 'observed',
        how: `${items.length} exchanges were seen; MongoDB is not asked by us, so the mend was not tried`,
      },
    },
  })
}

function callAdvice(loop: Repeated<OutgoingCall>, language: Language): Advice {
  const { example, family, items, isSerial } = loop
  const each = items.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0) / items.length
  return makeAdvice({
    ...common(loop, 'http'),
    title: `${example.endpoint}: calls ${family} ${number(Math.round(loop.count))} times in one request${isSerial ? ', one after the other' : ''}, ${percent(loop.share)} of its time`,
    where: { endpoint: example.endpoint, host: items[0]?.host ?? '', resource: family },
    fix: `One call for all, if that service has one (?ids=1,2,3); else several at once with a limit. What a call takes is ${ms(each)}.`,
    advice: {
      changes: [parallelCode(language)],
      gain: isSerial
        ? {
            ...estimate(loop),
            after: loop.responseMs.median - loop.loopMs.median + each * Math.ceil(items.length / 8),
            how: 'eight calls at a time, each as long as now',
          }
        : estimate(loop),
      costs: ['The other service gets the calls at once: mind its rate limit.'],
      verification: {
        state: 'predicted',
        how: `from ${items.length} calls that were seen; a service of others is not called by us to try it`,
      },
    },
  })
}

function estimate(loop: Repeated<unknown>) {
  return {
    metric: `response time of ${loop.example.endpoint} with one client`,
    unit: 'ms',
    before: loop.responseMs.median,
    after: loop.responseMs.median - loop.loopMs.median * (1 - 1 / loop.items.length),
    afterLow: null,
    afterHigh: null,
    basis: 'estimated' as const,
    how: 'the time of all but one of the round trips',
  }
}

function common(loop: Repeated<unknown>, source: string) {
  const { example, items, loopMs, responseMs } = loop
  return {
    advisor: 'round-trips',
    kind: 'n-plus-one' as const,
    severity: loop.share > 0.5 || loop.count >= 20 ? ('critical' as const) : ('warning' as const),
    confidence: loop.isProven ? 0.99 : 0.9,
    evidence: [
      {
        text: `${items.length} of them between its begin and its end, alone in flight`,
        source: `${source} ${example.method} ${example.url}`,
        value: items.length,
        unit: 'round trips',
        threshold: manyPerRequest,
      },
      {
        text: `they take ${ms(loopMs.median)} of ${ms(responseMs.median)} (median of ${responseMs.count})`,
        source: `${source} ${example.method} ${example.url}`,
        value: loopMs.median,
        unit: 'ms',
      },
    ],
    prove: 'the same perfwright advise after the change',
    share: loop.share,
  }
}

function pipelineCode(language: Language, command: string): Change {
  const isGet = command === 'GET'
  if (language === 'python')
    return {
      form: 'code',
      language,
      text: isGet
        ? 'values = client.mget(keys)'
        : `pipe = client.pipeline(transaction=False)\nfor key in keys:\n    pipe.${command.toLowerCase()}(key)\nvalues = pipe.execute()`,
    }
  if (language === 'go')
    return {
      form: 'code',
      language,
      text: isGet
        ? 'values, err := client.MGet(ctx, keys...).Result()'
        : 'cmds, err := client.Pipelined(ctx, func(pipe redis.Pipeliner) error {\n\tfor _, key := range keys {\n\t\tpipe.Do(ctx, "' +
          command +
          '", key)\n\t}\n\treturn nil\n})',
    }
  return {
    form: 'code',
    language: 'javascript',
    text: isGet
      ? 'const values = await redis.mget(keys)'
      : `const pipeline = redis.pipeline()\nfor (const key of keys) pipeline.${command.toLowerCase()}(key)\nconst values = (await pipeline.exec()).map(([error, value]) => {\n  if (error) throw error\n  return value\n})`,
  }
}

function parallelCode(language: Language): Change {
  if (language === 'python')
    return {
      form: 'code',
      language,
      text: 'from concurrent.futures import ThreadPoolExecutor\n\nwith ThreadPoolExecutor(max_workers=8) as pool:\n    answers = list(pool.map(call, items))',
    }
  if (language === 'go')
    return {
      form: 'code',
      language,
      text: 'group, ctx := errgroup.WithContext(ctx)\ngroup.SetLimit(8)\nfor i, item := range items {\n\tgroup.Go(func() (err error) {\n\t\tanswers[i], err = call(ctx, item)\n\t\treturn err\n\t})\n}\nerr := group.Wait()',
    }
  return {
    form: 'code',
    language: 'javascript',
    text: 'const answers = []\nfor (let i = 0; i < items.length; i += 8) {\n  answers.push(...(await Promise.all(items.slice(i, i + 8).map(call))))\n}',
  }
}
