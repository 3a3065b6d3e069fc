// injector-saturated: a script that computes more than it asks, on one core, at a rate that this core cannot give.
import crypto from 'k6/crypto'
import http from 'k6/http'

const heavy = __ENV.HEAVY === '1'
const seconds = `${__ENV.SECONDS}s`
export const options = {
  scenarios: {
    orders: {
      executor: 'constant-arrival-rate',
      rate: heavy ? 1500 : 60,
      timeUnit: '1s',
      duration: seconds,
      preAllocatedVUs: 50,
      maxVUs: 200,
      gracefulStop: '2s',
    },
  },
}

export default function () {
  const nonce = proofOfWork(heavy ? 300 : 1)
  http.get(`${__ENV.BASE_URL}/price?id=${1 + Math.floor(Math.random() * 100000)}&nonce=${nonce}`, {
    tags: { name: 'GET /price' },
  })
}

function proofOfWork(rounds) {
  let text = String(Math.random())
  for (let i = 0; i < rounds; i++) text = crypto.sha256(`${text}${'x'.repeat(2000)}`, 'hex')
  return text.slice(0, 8)
}
