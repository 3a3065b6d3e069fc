/** The words and texts of a page by key. */
import { ms, number } from '#diagnose/finding.js'
import type { Change } from '#record/index.js'
import type { Advice, AdviseInput } from '../types.js'
import { cursorCode } from './cursor.js'
import type { PageTrial } from './trial.js'

export function changesOf(trial: PageTrial, table: string, { target }: AdviseInput): Change[] {
  const columns = trial.keys.map(
    ({ column, isDescending }) => `${column.split('.').at(-1)}${isDescending ? ' desc' : ''}`,
  )
  const name =
    `${table.split('.').at(-1)}_${trial.keys.map(({ column }) => column.split('.').at(-1)).join('_')}`.replaceAll(
      /["`]/g,
      '',
    )
  const index: Change = {
    form: 'statement',
    language: 'sql',
    text: `create index concurrently ${name} on ${table} (${columns.join(', ')})`,
    undo: `drop index concurrently ${name}`,
  }
  return [
    { form: 'statement', language: 'sql', text: trial.sql },
    ...(trial.needsIndex ? [index] : []),
    { form: 'code', ...cursorCode(target.language, trial) },
  ]
}

export function costsOf(trial: PageTrial | string): string[] {
  const costs = ['Nobody can jump to page 1,000 any more, only go on from one to the next.']
  if (typeof trial === 'string') return costs
  if (trial.needsIndex) costs.push('The index on the order takes room and slows down writes to its columns.')
  if (trial.nullable.length > 0)
    costs.push(
      `${trial.nullable.join(', ')} may be null: rows with a null key are in no page by key. Make it not null, or order by coalesce(...) with an index on that.`,
    )
  return costs
}

export function verificationOf(trial: PageTrial | string): Advice['advice']['verification'] {
  if (typeof trial === 'string') return { state: 'observed', how: trial }
  if (!trial.isSame)
    return { state: 'observed', how: 'the pages of both ways differ: the statement given is a beginning only' }
  const tie =
    trial.addedKeys.length === 0
      ? ''
      : ` (with ${trial.addedKeys.join(', ')} added to the order, which makes it definite)`
  return {
    state: trial.keysetMs.median < trial.offsetMs.median ? 'verified' : trial.needsIndex ? 'predicted' : 'refuted',
    how: `${trial.pages} pages, ${number(trial.rows)} rows, from the beginning and from row ${number(trial.depth)} on, are the same both ways${tie}; ${ms(trial.offsetMs.median)} by OFFSET, ${ms(trial.keysetMs.median)} by key${trial.needsIndex ? ', without the index that it still wants' : ''}`,
  }
}
