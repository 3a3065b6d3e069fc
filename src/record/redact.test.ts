import { describe, expect, it } from 'vitest'
import { redactText } from './redact.js'

describe('redactText', () => {
  it('takes secrets out of JSON, whole or cut, and leaves the rest as it is', () => {
    expect(redactText('{"user": "ann", "password": "tr\\"ick", "pin_token":123, "list":[1]}')).toBe(
      '{"user": "ann", "password": "***", "pin_token":"***", "list":[1]}',
    )
    expect(redactText('{"user":"ann","password":"begun and cut')).toBe('{"user":"ann","password":"***"')
  })

  it('takes them out of forms, URLs and headers in a text', () => {
    expect(redactText('user=ann&password=hush&page=2')).toBe('user=ann&password=***&page=2')
    expect(redactText('see https://ann:hush@host/?api_key=k1&page=2')).toBe(
      'see https://ann:***@host/?api_key=***&page=2',
    )
    expect(redactText('Authorization: Bearer abcdefgh.ijk')).toBe('Authorization: Bearer ***')
    expect(redactText('503: no database connection: timeout')).toBe('503: no database connection: timeout')
  })
})
