/** What every endpoint is given. */
import type { IncomingMessage } from 'node:http'
import type { FaultName } from '../faults.js'
import type { CategoryCount } from './categories.js'
import type { LruCache } from './cache.js'
import type { RequestConnection } from './connection.js'
import type { Answer } from './http.js'

export interface Shop {
  readonly faults: ReadonlySet<FaultName>
  readonly productCount: number
  readonly paymentUrl: string
  readonly tokenKey: Buffer
  readonly categories: LruCache<readonly CategoryCount[]>
}

export interface ShopRequest {
  readonly shop: Shop
  readonly url: URL
  readonly raw: IncomingMessage
  readonly connection: RequestConnection
  /** The number that the route's pattern caught, as text. */
  readonly id: string
}

export type Endpoint = (request: ShopRequest) => Promise<Answer>
