/** POST /login: checks the password and answers a token that says who one is, signed, so the shop keeps no sessions. */
import { createHmac, pbkdf2, pbkdf2Sync, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { passwordRounds, passwordSalt } from '../database/schema.js'
import { type Answer, HttpError, readJson, shortText } from './http.js'
import type { ShopRequest } from './shop.js'

export async function login(request: ShopRequest): Promise<Answer> {
  const body = await readJson(request.raw)
  const username = shortText('username', body.username, 64)
  const password = shortText('password', body.password, 128)
  const [user] = await request.connection.query<{ id: number; password_hash: string }>(
    'select id, password_hash from users where username = $1',
    [username],
  )
  const hash = request.shop.faults.has('blocking-sync') ? hashPasswordBlocking(password) : await hashPassword(password)
  if (user === undefined || !timingSafeEqual(hash, Buffer.from(user.password_hash, 'hex'))) {
    throw new HttpError(401, 'unknown user or wrong password')
  }
  return { status: 200, body: { user: user.id, token: signToken(request.shop.tokenKey, user.id) } }
}

/** The fault `blocking-sync`: nothing else is served while this computes. */
function hashPasswordBlocking(password: string): Buffer {
  return pbkdf2Sync(password, passwordSalt, passwordRounds, 32, 'sha512')
}

function hashPassword(password: string): Promise<Buffer> {
  return hashOnThreadPool(password, passwordSalt, passwordRounds, 32, 'sha512')
}
const hashOnThreadPool = promisify(pbkdf2)

/** @throws HttpError 401 without a valid `authorization: Bearer TOKEN` */
export function requireUser(request: ShopRequest): number {
  const token = /^Bearer (\d{1,9})\.([0-9a-f]{64})$/.exec(request.raw.headers.authorization ?? '')
  const user = Number(token?.[1])
  if (
    token === null ||
    !timingSafeEqual(Buffer.from(token[0].slice(7)), Buffer.from(signToken(request.shop.tokenKey, user)))
  ) {
    throw new HttpError(401, 'log in first')
  }
  return user
}

function signToken(key: Buffer, user: number): string {
  return `${user}.${createHmac('sha256', key).update(String(user)).digest('hex')}`
}
