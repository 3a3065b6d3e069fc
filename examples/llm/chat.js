// A load test of a language model's streaming endpoint (OpenAI's protocol): time to first token, time between tokens,
// tokens a second. Try it without a model:
//   PORT=8080 node test/targets/llm-server.mjs &
//   perfwright run examples/llm/chat.js
import { check } from 'k6'
import { stream } from 'perfwright/streaming'

const url = __ENV.LLM_URL || 'http://127.0.0.1:8080/v1/chat/completions'
const model = __ENV.LLM_MODEL || 'any'
const maxTokens = Number(__ENV.MAX_TOKENS || 50)

export const options = {
  scenarios: {
    chat: { executor: 'constant-arrival-rate', rate: 5, duration: __ENV.DURATION || '10s', preAllocatedVUs: 20 },
  },
  thresholds: {
    time_to_first_token: ['p(95) < 800'],
    time_per_output_token: ['p(95) < 60'],
    stream_failed: ['rate < 0.01'],
  },
}

export default function () {
  const body = JSON.stringify({
    model,
    stream: true,
    stream_options: { include_usage: true },
    max_tokens: maxTokens,
    messages: [{ role: 'user', content: 'Tell me about the fox.' }],
  })
  let text = ''
  const answer = stream('POST', url, body, {
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${__ENV.LLM_KEY || 'none'}` },
    timeout: '120s',
    tokens: 'openai',
    tags: { model },
    onEvent(event) {
      if (event.data === '[DONE]') return
      const { choices } = JSON.parse(event.data)
      text += (choices[0] && choices[0].delta.content) || ''
    },
  })
  check(answer, {
    'answered': (r) => r.status === 200,
    'all tokens came': (r) => r.tokens.count === maxTokens,
    'said something': () => text.length > 0,
  })
}
