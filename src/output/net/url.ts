import { redactUrl } from '#record/redact.js'
import { outputNotCreated } from '../errors.js'

/** An http or https URL. @throws PW_OUTPUT_CREATE */
export function parseUrl(output: string, text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw outputNotCreated(
      output,
      `${JSON.stringify(redactUrl(text))} is no URL; it should look like http://localhost:9090/path`,
    )
  return url
}

/** `host:port`. @throws PW_OUTPUT_CREATE */
export function parseAddress(output: string, text: string): { readonly host: string; readonly port: number } {
  const [, host, digits] = /^(\[[^\]]+\]|[^:\s/]*):(\d+)$/.exec(text) ?? []
  const port = Number(digits)
  if (host === undefined || !(port >= 0 && port <= 65_535))
    throw outputNotCreated(output, `${JSON.stringify(text)} is no address; it should look like localhost:8125`)
  return { host: host.replace(/^\[|\]$/g, ''), port }
}
