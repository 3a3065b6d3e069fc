/** How many tokens of a language model an event of its stream carries. */
import type { SseEvent } from './sse-parser.js'

/** Tokens of one event, and, where the server says it, of the whole answer so far. */
export interface TokenCount {
  readonly added: number
  readonly total: number | undefined
}

export type TokenCounter = (event: SseEvent) => TokenCount

const none: TokenCount = { added: 0, total: undefined }

/** Counters by the name of the protocol; another protocol is a function of the script's. */
export const tokenCounters: Readonly<Record<string, TokenCounter>> = {
  // https://platform.openai.com/docs/api-reference/chat-streaming: one event a token, as far as servers keep to it;
  // `usage` comes in the last event when asked for with stream_options.include_usage.
  openai: (event) => {
    const message = parse(event.data)
    if (message === undefined) return none
    const choices = (message['choices'] ?? []) as readonly Record<string, unknown>[]
    let added = 0
    for (const choice of Array.isArray(choices) ? choices : []) {
      const delta = (choice?.['delta'] ?? {}) as Record<string, unknown>
      const text = delta['content'] ?? delta['reasoning_content'] ?? delta['tool_calls'] ?? choice?.['text']
      if (text !== undefined && text !== null && text !== '') added++
    }
    return { added, total: count(message['usage'], 'completion_tokens') }
  },
  // https://docs.anthropic.com/en/docs/build-with-claude/streaming
  anthropic: (event) => {
    const message = parse(event.data)
    if (message === undefined) return none
    const added = message['type'] === 'content_block_delta' ? 1 : 0
    return { added, total: message['type'] === 'message_delta' ? count(message['usage'], 'output_tokens') : undefined }
  },
}

function parse(data: string): Record<string, unknown> | undefined {
  if (!data.startsWith('{')) return undefined
  try {
    return JSON.parse(data) as Record<string, unknown>
  } catch {
    return undefined
  }
}

function count(usage: unknown, key: string): number | undefined {
  const value = (usage as Record<string, unknown> | null | undefined)?.[key]
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined
}
