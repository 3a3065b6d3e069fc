/** Cache-aside in Redis with a TTL that is spread, and single flight: one load for a key however many ask. */
import type { Change } from '#record/index.js'
import type { Language } from '../target/facts.js'

export function cacheCode(language: Language, prefix: string, ttlS: number): Change {
  const seconds = Math.round(ttlS)
  const make = texts[language] ?? texts.javascript
  return { form: 'code', language: language in texts ? language : 'javascript', text: make(prefix, seconds) }
}

// Redis' answer to an error is the source's: a cache that is away makes slow, never wrong.
const javascript = (prefix: string, ttlS: number): string => `import { Redis } from 'ioredis'

const redis = new Redis(process.env.REDIS_URL, { maxRetriesPerRequest: 1, commandTimeout: 200 })
redis.on('error', () => {})
const loading = new Map()

/** The answer of load(), at most ${ttlS} s old; one load for a key at a time in this process. */
export async function cached(id, load) {
  const key = \`${prefix}:\${id}\`
  const known = await redis.get(key).catch(() => null)
  if (known !== null) return JSON.parse(known)
  let flight = loading.get(key)
  if (flight === undefined) {
    flight = (async () => {
      const value = await load()
      // 10 % more or less, so that entries do not end all at once.
      const ttlMs = Math.round(${ttlS * 1000} * (0.9 + 0.2 * Math.random()))
      await redis.set(key, JSON.stringify(value), 'PX', ttlMs).catch(() => {})
      return value
    })().finally(() => loading.delete(key))
    loading.set(key, flight)
  }
  return flight
}

/** After a write that changes the answer. */
export const forget = (id) => redis.del(\`${prefix}:\${id}\`)
`

const python = (prefix: string, ttlS: number): string => `import json, os, random, threading
import redis

client = redis.Redis.from_url(os.environ["REDIS_URL"], socket_timeout=0.2)
_guard = threading.Lock()
_locks = {}


def _read(key):
    try:
        return client.get(key)
    except redis.RedisError:
        return None


def cached(id, load):
    """The answer of load(), at most ${ttlS} s old; one load for a key at a time in this process."""
    key = f"${prefix}:{id}"
    known = _read(key)
    if known is not None:
        return json.loads(known)
    with _guard:
        entry = _locks.setdefault(key, [threading.Lock(), 0])
        entry[1] += 1
    try:
        with entry[0]:
            known = _read(key)  # another thread may have loaded it meanwhile
            if known is not None:
                return json.loads(known)
            value = load()
            # 10 % more or less, so that entries do not end all at once.
            ttl_ms = round(${ttlS * 1000} * random.uniform(0.9, 1.1))
            try:
                client.set(key, json.dumps(value), px=ttl_ms)
            except redis.RedisError:
                pass
            return value
    finally:
        with _guard:
            entry[1] -= 1
            if entry[1] == 0:
                _locks.pop(key, None)


def forget(id):
    """After a write that changes the answer."""
    client.delete(f"${prefix}:{id}")
`

const go = (prefix: string, ttlS: number): string => `import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"time"

	"github.com/redis/go-redis/v9"
	"golang.org/x/sync/singleflight"
)

var flights singleflight.Group

// Cached answers what load does, at most ${ttlS} s old; one load for a key at a time in this process.
func Cached[T any](ctx context.Context, client *redis.Client, id string, load func(context.Context) (T, error)) (T, error) {
	key := "${prefix}:" + id
	var value T
	if known, err := client.Get(ctx, key).Bytes(); err == nil && json.Unmarshal(known, &value) == nil {
		return value, nil
	}
	shared, err, _ := flights.Do(key, func() (any, error) {
		value, err := load(ctx)
		if err != nil {
			return value, err
		}
		if text, err := json.Marshal(value); err == nil {
			// 10 % more or less, so that entries do not end all at once.
			ttl := time.Duration(float64(${ttlS}*time.Second) * (0.9 + 0.2*rand.Float64()))
			client.Set(ctx, key, text, ttl)
		}
		return value, nil
	})
	if err != nil {
		return value, err
	}
	return shared.(T), nil
}
`

const texts: Partial<Record<Language, (prefix: string, ttlS: number) => string>> & {
  readonly javascript: (prefix: string, ttlS: number) => string
} = { javascript, python, go }
