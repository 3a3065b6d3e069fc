/** The body of `PATCH /v1/status`, refused in the words of Go's decoder, which is what users of k6 see. */

export interface StatusPatch {
  readonly paused: boolean | undefined
  readonly vus: number | undefined
  readonly vusMax: number | undefined
  readonly stopped: boolean
}

/** @returns the patch, or why the body is none */
export function readStatusPatch(body: string): StatusPatch | string {
  let value: unknown
  try {
    value = JSON.parse(body)
  } catch {
    return goSyntaxError(body)
  }
  if (value === null) return EMPTY
  if (!isObject(value)) return `json: cannot unmarshal ${kindOf(value)} into Go value of type v1.StatusJSONAPI`
  const data = value['data'] ?? {}
  if (!isObject(data))
    return `json: cannot unmarshal ${kindOf(data)} into Go struct field StatusJSONAPI.data of type v1.statusData`
  const attributes = data['attributes'] ?? {}
  if (!isObject(attributes))
    return `json: cannot unmarshal ${kindOf(attributes)} into Go struct field statusData.data.attributes of type v1.Status`
  const { paused, stopped } = attributes
  if (paused !== undefined && paused !== null && typeof paused !== 'boolean')
    return `json: cannot unmarshal ${kindOf(paused)} into Go value of type null.Bool`
  if (stopped !== undefined && stopped !== null && typeof stopped !== 'boolean')
    return `json: cannot unmarshal ${kindOf(stopped)} into Go struct field Status.data.attributes.stopped of type bool`
  const vus = wholeNumber(attributes['vus'], 'vus')
  const vusMax = wholeNumber(attributes['vus-max'], 'vus-max')
  if (typeof vus === 'string') return vus
  if (typeof vusMax === 'string') return vusMax
  return { paused: paused ?? undefined, vus, vusMax, stopped: stopped === true }
}

const EMPTY: StatusPatch = { paused: undefined, vus: undefined, vusMax: undefined, stopped: false }

function wholeNumber(value: unknown, name: string): number | undefined | string {
  if (value === undefined || value === null) return undefined
  if (typeof value === 'string') {
    if (/^[+-]?\d+$/.test(value)) return Number(value)
    return value === '' ? undefined : `strconv.ParseInt: parsing ${JSON.stringify(value)}: invalid syntax`
  }
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value
  if (typeof value === 'number')
    return `json: cannot unmarshal number ${value} into Go struct field Status.data.attributes.${name} of type int64`
  return `json: cannot unmarshal ${kindOf(value)} into Go value of type null.Int`
}

/** What Go's decoder says of text that is no JSON. */
export function goSyntaxError(text: string): string {
  try {
    JSON.parse(text)
  } catch (error) {
    const at = /position (\d+)/.exec((error as Error).message)?.[1]
    if (at !== undefined && Number(at) < text.length)
      return `invalid character '${text[Number(at)]}' looking for beginning of value`
  }
  return 'unexpected end of JSON input'
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'array'
  return typeof value === 'boolean' ? 'bool' : typeof value
}
