import { describe, expect, it } from 'vitest'
import { type Rewrite, rewrittenEnv, rewrittenText, throughProxy } from './rewrite.js'

const postgres: Rewrite = {
  protocol: 'postgres',
  uri: 'postgres://app:pw@localhost/shop?sslmode=require',
  host: 'localhost',
  port: 5432,
  proxyPort: 7000,
}

describe('the target behind the proxies', () => {
  it('gets every variable that names the server, whatever it is called, and those that clients know', () => {
    const { env, changed } = rewrittenEnv(
      {
        MY_DB: 'postgresql+psycopg2://app:pw@127.0.0.1:5432/shop',
        OTHER: 'http://127.0.0.1:54321',
        SHORT: 'postgres://app@localhost/shop',
      },
      [postgres],
    )
    expect(env.MY_DB).toBe('postgresql+psycopg2://app:pw@127.0.0.1:7000/shop')
    expect(env.SHORT).toBe('postgres://app@127.0.0.1:7000/shop')
    expect(env.OTHER).toBe('http://127.0.0.1:54321')
    expect(env.DATABASE_URL).toBe('postgres://app:pw@127.0.0.1:7000/shop?sslmode=disable')
    expect(changed).toEqual(['DATABASE_URL', 'MY_DB', 'PGHOST', 'PGPORT', 'PGSSLMODE', 'SHORT'])
  })

  it('leaves a variable of the usual name that means another server to the one that it names', () => {
    const redis: Rewrite = {
      protocol: 'redis',
      uri: 'redis://127.0.0.1',
      host: '127.0.0.1',
      port: 6379,
      proxyPort: 7001,
    }
    expect(rewrittenEnv({ REDIS_URL: 'redis://localhost:6379/2' }, [redis]).env.REDIS_URL).toBe(
      'redis://127.0.0.1:7001/2',
    )
    expect(rewrittenText('node app.js --db=127.0.0.1:5432', postgres)).toBe('node app.js --db=127.0.0.1:7000')
    expect(throughProxy('rediss://:pw@cache.example:6380/0', 7002)).toBe('redis://:pw@127.0.0.1:7002/0')
  })
})
