/** Response members that read the body as HTML: `html`, `submitForm`, `clickLink`. */
import { createRequire } from 'node:module'
import type { VuScope } from '../../types.js'
import type { HttpClient } from './client.js'
import { type GoUrl, goUrlText, parseGoUrl, queryEscape, resolveGoUrl } from './go-url.js'
import { request } from './request.js'
import { Response } from './response.js'

export interface Pages {
  html(client: HttpClient, response: Response, selector: unknown): unknown
  submitForm(client: HttpClient, response: Response, args: unknown): unknown
  clickLink(client: HttpClient, response: Response, args: unknown): unknown
}

export const pages: Pages = { html: htmlOf, submitForm, clickLink }

/** The part of k6/html's Selection that is needed here. */
interface Selection {
  find(selector: string): Selection
  size(): number
  attr(name: string): string | undefined
  val(): unknown
  serializeObject(): Record<string, unknown>
}

type ParseHtml = (vu: VuScope, text: string, url: string | undefined) => unknown

let parseHtml: ParseHtml | undefined

/** Loads k6/html beforehand, for a script that is seen to use it: the parser is the largest thing that a start can load. */
export async function preloadHtml(): Promise<void> {
  parseHtml ??= ((await import('../html/index.js')) as { parseHtml: ParseHtml }).parseHtml
}

function htmlOf(client: HttpClient, response: Response, selector: unknown): unknown {
  const text = Response.textOf(response)
  if (text === undefined) {
    throw new client.vu.realm.GoError(
      "the body is null so we can't transform it to HTML - this likely was because of a request error getting the response",
    )
  }
  // `html()` cannot wait, so what was not loaded before is loaded here and now.
  parseHtml ??= (createRequire(import.meta.url)('../html/index.js') as { parseHtml: ParseHtml }).parseHtml
  const page = parseHtml(client.vu, text, response.url) as Selection
  return selector === undefined ? page : page.find(String(selector))
}

/** Fills in a form of the page and sends it as a browser would. */
function submitForm(client: HttpClient, response: Response, args: unknown): unknown {
  const { GoError } = client.vu.realm
  const given = asObject(args)
  const formSelector = given['formSelector'] === undefined ? 'form' : String(given['formSelector'])
  const submitSelector = given['submitSelector'] === undefined ? '[type="submit"]' : String(given['submitSelector'])
  const form = htmlOf(client, response, formSelector) as Selection
  if (form.size() === 0) {
    throw new GoError(`no form found for selector '${formSelector}' in response '${response.url}'`)
  }
  const method = (form.attr('method') ?? 'GET').toUpperCase()
  const url = targetOf(client, response, form.attr('action'))
  const values = form.serializeObject()
  const submit = form.find(submitSelector)
  const name = submit.attr('name')
  const value = submit.val()
  if (name !== undefined && value !== undefined) values[name] = value
  const fields = asObject(given['fields'])
  for (const key of Object.keys(fields)) values[key] = fields[key]
  if (method !== 'GET') return request(client, method, goUrlText(url), values, given['params'])
  const query = Object.keys(values)
    .sort()
    .map((key) => `${queryEscape(key)}=${queryEscape(String(values[key]))}`)
    .join('&')
  return request(client, method, goUrlText({ ...url, query }), null, given['params'])
}

function clickLink(client: HttpClient, response: Response, args: unknown): unknown {
  const { GoError } = client.vu.realm
  const given = asObject(args)
  const selector = given['selector'] === undefined ? 'a[href]' : String(given['selector'])
  const link = htmlOf(client, response, selector) as Selection
  if (link.size() === 0) throw new GoError(`no element found for selector '${selector}' in response '${response.url}'`)
  const href = link.attr('href')
  if (href === undefined) {
    throw new GoError(`no valid href attribute value found on element '${selector}' in response '${response.url}'`)
  }
  return request(client, 'GET', goUrlText(targetOf(client, response, href)), undefined, given['params'])
}

function targetOf(client: HttpClient, response: Response, reference: string | undefined): GoUrl {
  try {
    const page = parseGoUrl(response.url)
    return reference === undefined ? page : resolveGoUrl(page, reference)
  } catch (error) {
    throw new client.vu.realm.GoError((error as Error).message)
  }
}

function asObject(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}
