import { describe, expect, it } from 'vitest'
import { seededRandom } from '#base/random.js'
import { endpointOf } from './endpoints.js'
import { hostsIn } from './record-requests.js'
import { parseRequests, recordedSource, urlSource } from './requests.js'

describe('requests of a duet', () => {
  it('the same seed gives the same requests, in whatever order they are asked for', () => {
    const source = urlSource(['/items?page={1..50}', 'POST /orders'])
    const [one, other] = [source.sequence(seededRandom(7)), source.sequence(seededRandom(7))]
    const forward = Array.from({ length: 20 }, (_, n) => one(n).path)
    const backward = Array.from({ length: 20 }, (_, n) => other(19 - n).path).reverse()
    expect(backward).toEqual(forward)
    expect(one(1)).toMatchObject({ method: 'POST', path: '/orders' })
    const pages = Array.from({ length: 400 }, (_, n) => Number(/\d+/.exec(one(2 * n).path)?.[0]))
    expect([Math.min(...pages), Math.max(...pages)]).toEqual([1, 50])
  })

  it('of a URL, path and query count; what is no URL is refused', () => {
    expect(urlSource(['https://shop.test/a?b=1']).sequence(seededRandom(1))(0).path).toBe('/a?b=1')
    expect(() => urlSource(['items'])).toThrow(/no URL/)
  })

  it('a recording goes round and round, and a broken line is named', () => {
    const requests = parseRequests('{"method":"GET","path":"/a"}\n\n{"method":"POST","path":"/b","body":"x"}\n', 'r')
    const at = recordedSource(requests, 'r').sequence(seededRandom(1))
    expect([0, 1, 2].map((n) => at(n).path)).toEqual(['/a', '/b', '/a'])
    expect(() => parseRequests('{"method":"GET","path":"/a"}\n{"method":"get","path":"/a"}', 'r')).toThrow(/Line 2/)
    expect(() => parseRequests('{', 'r')).toThrow(/Line 1 is no JSON/)
  })

  it('requests of one route are one endpoint', () => {
    const at = (path: string): string => endpointOf({ method: 'GET', path, headers: {} })
    expect(at('/items/17/reviews?x=1')).toBe('GET /items/{}/reviews')
    expect(at('/u/2f1c9a52-0f54-4b9c-8c92-0d0f4b9f2f11')).toBe('GET /u/{}')
  })

  it('finds the addresses in a script, http apart from https', () => {
    expect(hostsIn("get('http://localhost:3000/x'); get(`https://API.test/`); 'http://shop.test'")).toEqual({
      http: ['localhost:3000', 'shop.test:80'],
      https: ['api.test:443'],
    })
  })
})
