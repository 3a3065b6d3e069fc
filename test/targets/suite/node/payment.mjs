// slow-dependency: the fault is the partner's, who answers /charge late; here is who waits for it.
import { Agent, get } from 'node:http'
import { partnerUrl } from './context.mjs'

const agent = new Agent({ keepAlive: true, maxSockets: 256 })

export function payment() {
  return chargeCard()
}

function chargeCard() {
  return askPartner('/charge')
}

export function askPartner(path) {
  return new Promise((resolve, reject) => {
    get(`${partnerUrl()}${path}`, { agent }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk) => (text += chunk))
      response.on('end', () => resolve(text))
    }).on('error', reject)
  })
}
