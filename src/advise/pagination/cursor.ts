/** A cursor as clients see it: opaque, and checked when it comes back. */
import type { Language } from '../target/facts.js'
import type { PageTrial } from './trial.js'

export function cursorCode(
  language: Language,
  { keys }: PageTrial,
): { readonly language: string; readonly text: string } {
  const names = keys.map(({ column }) => (column.split('.').at(-1) ?? column).replaceAll(/["`]/g, ''))
  const count = names.length
  switch (language) {
    case 'python':
      return {
        language: 'python',
        text: [
          'import base64, json',
          '',
          'def cursor_of(row):',
          `    keys = [str(row[name]) for name in (${names.map((name) => `"${name}"`).join(', ')},)]`,
          '    return base64.urlsafe_b64encode(json.dumps(keys).encode()).decode()',
          '',
          'def keys_of(cursor):  # raises ValueError: answer 400',
          '    keys = json.loads(base64.urlsafe_b64decode(cursor))',
          `    if not isinstance(keys, list) or len(keys) != ${count}:`,
          '        raise ValueError("no cursor of ours")',
          '    return keys',
        ].join('\n'),
      }
    case 'go':
      return {
        language: 'go',
        text: [
          `func cursorOf(${names.map((name) => `${camel(name)} string`).join(', ')}) string {`,
          `\tkeys, _ := json.Marshal([]string{${names.map(camel).join(', ')}})`,
          '\treturn base64.URLEncoding.EncodeToString(keys)',
          '}',
          '',
          'func keysOf(cursor string) (keys []string, err error) { // an error is a 400',
          '\ttext, err := base64.URLEncoding.DecodeString(cursor)',
          '\tif err == nil {',
          '\t\terr = json.Unmarshal(text, &keys)',
          '\t}',
          `\tif err == nil && len(keys) != ${count} {`,
          '\t\terr = errors.New("no cursor of ours")',
          '\t}',
          '\treturn keys, err',
          '}',
        ].join('\n'),
      }
    default:
      return {
        language: 'javascript',
        text: [
          `const cursorOf = (row) => Buffer.from(JSON.stringify([${names.map((name) => `row.${name}`).join(', ')}])).toString('base64url')`,
          '',
          'function keysOf(cursor) {',
          "  const keys = JSON.parse(Buffer.from(cursor, 'base64url').toString())",
          `  if (!Array.isArray(keys) || keys.length !== ${count}) throw new Error('no cursor of ours') // answer 400`,
          '  return keys',
          '}',
        ].join('\n'),
      }
  }
}

function camel(name: string): string {
  return name.replace(/_(\w)/g, (_whole, letter: string) => letter.toUpperCase())
}
