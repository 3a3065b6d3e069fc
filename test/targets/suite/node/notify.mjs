// resource-leak: a connection to the partner for every notification, and none is ever closed.
import { Agent, get } from 'node:http'
import { connect } from 'node:net'
import { faulty, partnerUrl } from './context.mjs'

const agent = new Agent({ keepAlive: true, maxSockets: 16 })
const opened = new Set()

export async function notify() {
  return { answer: faulty('resource-leak') ? await notifyOnNewSocket() : await notifyOnKeptSocket() }
}

function notifyOnNewSocket() {
  const { hostname, port } = new URL(partnerUrl())
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => {
      socket.write('GET /fast HTTP/1.1\r\nHost: partner\r\n\r\n')
    })
    opened.add(socket)
    socket.once('data', (data) => resolve(data.toString('latin1').slice(9, 12)))
    socket.once('error', reject)
  })
}

function notifyOnKeptSocket() {
  return new Promise((resolve, reject) => {
    get(`${partnerUrl()}/fast`, { agent }, (response) => {
      response.resume().on('end', () => resolve(String(response.statusCode)))
    }).on('error', reject)
  })
}
