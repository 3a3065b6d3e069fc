/** Any file that describes a stand-in: its own format, a HAR recording, an OpenAPI document. */
import { readHar } from '#convert/har/read-har.js'
import { inputText } from '#convert/input/bytes.js'
import { References, readDocument } from '#convert/openapi/read-document.js'
import { Sampler } from '#convert/openapi/sample.js'
import { header } from '#convert/recording/types.js'
import { type MockFile, type MockRoute, readMock } from './definition.js'
import { mockUsage } from './errors.js'
import { type RecordedExchange, routesOf } from './recording.js'

/**
 * @param hosts  of a HAR, those to stand in for; undefined for all but the page's own
 * @throws PW_MOCK_INVALID, PW_MOCK_USAGE, PW_CONVERT_INPUT
 */
export async function mockOf(bytes: Uint8Array, name: string, hosts: readonly string[] | undefined): Promise<MockFile> {
  const { text } = inputText(bytes, name)
  if (/^\s*\{\s*"log"\s*:/.test(text)) return ofHar(text, name, hosts)
  if (/^\s*(["']?openapi["']?\s*:|\{[\s\S]{0,400}?"openapi"\s*:)/m.test(text.slice(0, 4000)))
    return await ofOpenApi(text, name)
  return readMock(text, name)
}

function ofHar(text: string, name: string, wanted: readonly string[] | undefined): MockFile {
  const { exchanges } = readHar(text, name)
  const page = exchanges[0]?.url.hostname
  const isWanted = (host: string): boolean => (wanted === undefined ? host !== page : wanted.includes(host))
  const kept = exchanges.filter(({ url }) => isWanted(url.hostname))
  const all = [...new Set(exchanges.map(({ url }) => url.hostname))]
  const hosts = [...new Set(kept.map(({ url }) => url.hostname))]
  const routes = routesOf(
    kept.flatMap(({ method, url, response, durationMs }): RecordedExchange[] =>
      response === undefined
        ? []
        : [
            {
              method,
              path: url.pathname,
              status: response.status,
              contentType: header(response.headers, 'content-type'),
              body: response.body,
              ms: durationMs,
            },
          ],
    ),
  )
  if (routes.length === 0)
    throw mockUsage(
      `The recording has no exchange with ${wanted === undefined ? 'another host than its own' : wanted.join(', ')}.`,
      `--hosts with any of ${all.slice(0, 20).join(', ')}`,
    )
  return { mock: 1, hosts, routes }
}

const methods = ['get', 'post', 'put', 'patch', 'delete', 'head', 'options'] as const

/** Every operation with its first good answer: an example of the document, else made from its schema. */
async function ofOpenApi(text: string, name: string): Promise<MockFile> {
  const root = (await readDocument(text, name)).needObject('An OpenAPI document')
  const references = new References(root)
  const sampler = new Sampler(references)
  const server = root.get('servers').items[0]?.get('url').text ?? ''
  const base = URL.canParse(server, 'http://x') ? new URL(server, 'http://x').pathname.replace(/\/$/, '') : ''
  const host = URL.canParse(server) ? [new URL(server).hostname] : []
  const routes: MockRoute[] = []
  for (const [path, entry] of root.get('paths').entries) {
    const item = references.resolve(entry)
    if (item === undefined || !/^\/\S*$/.test(path)) continue
    for (const method of methods) {
      const operation = item.get(method)
      if (!operation.isObject) continue
      const answers = operation.get('responses').entries
      const [code = '200', given] = answers.find(([status]) => status.startsWith('2')) ?? answers[0] ?? []
      const answer = given === undefined ? undefined : references.resolve(given)
      const media = answer?.get('content').entries ?? []
      const [type, holder] = media.find(([name]) => /json/.test(name)) ?? media[0] ?? []
      const body = holder === undefined ? undefined : sampler.example(holder)
      routes.push({
        request: `${method.toUpperCase()} ${base}${path}`,
        status: /^\d{3}$/.test(code) && Number(code) >= 200 ? Number(code) : 200,
        ...(type === undefined || /[^\t\x20-\x7e]/.test(type) ? {} : { headers: { 'content-type': type } }),
        ...(body === undefined ? {} : { body }),
      })
    }
  }
  if (routes.length === 0)
    throw mockUsage(`${name} describes no operation.`, 'paths must have operations: get, post, ...')
  return { mock: 1, hosts: host, routes }
}
