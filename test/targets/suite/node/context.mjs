// What the features share. Connections open on first use, so that a pair sees only what it uses.
import { Pool } from 'pg'

const faults = new Set((process.env.FAULT ?? '').split(',').filter((name) => name !== ''))
export const faulty = (name) => faults.has(name)

let shared
/** Pool of the features whose pool is not the matter. */
export const database = () => (shared ??= newPool(10))
export const newPool = (max) => new Pool({ connectionString: process.env.DATABASE_URL, max })

let client
export async function redis() {
  if (client === undefined) {
    const { Redis } = await import('ioredis')
    client = new Redis(process.env.REDIS_URL)
  }
  return client
}

export const partnerUrl = () => process.env.PARTNER_URL
export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
export const whole = (query, name, otherwise) => Number(query.get(name) ?? otherwise)
