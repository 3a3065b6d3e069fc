/**
 * Functions of the script that run in the page: `page.evaluate(() => document.title)`. They travel as source text. The
 * compiler has rewritten that text (names of the global, loops, catch clauses), so what it put in is taken out again, and
 * the few helpers that remain are given to the page beside the function.
 */

/**
 * Source text of a function of one parameter, a list: its arguments.
 * @param onHandle  two parameters: what a handle stands for comes first, as `handle.evaluate` has it
 */
export function pageFunction(fn: unknown, onHandle = false): string {
  const text = Function.prototype.toString.call(fn)
  const source = text.replace(freeName, '$1')
  const [parameters, passed] = onHandle ? ['self, args', 'self, ...args'] : ['args', '...args']
  return `(${parameters}) => { ${helpers(source)} return (${source})(${passed}) }`
}

/** As text that stands by itself (an init script): the function is called with the arguments, which must be plain data. */
export function calledPageFunction(fn: unknown, args: readonly unknown[] = []): string {
  return `(${pageFunction(fn)})(${JSON.stringify(args)})`
}

// `"document" in $g ? $g.document : $undeclared("document")`, how the compiled code reads a name that nobody declares.
// In a page such a name may be lexical, so it is put back, not looked up.
const freeName = /"([\w$]+)" in \$(?:pw_)?g \? \$(?:pw_)?g\.\1 : \$(?:pw_)?undeclared\("\1"\)/g

/** Names of generated code (see script/transform.ts, script/twins.ts) and what they mean in a page: nothing blocks there. */
const meanings: Readonly<Record<string, string>> = {
  g: 'globalThis',
  pw: '{ poll() {}, isInterrupt: () => false }',
  n: '0',
  thrown: '(value) => value',
  box: '(value) => value',
  unbox: '(value) => value',
  undeclared: "(name) => { throw new ReferenceError(name + ' is not defined') }",
  assigned: '(name) => name',
  guard: '(self, fn, args) => Reflect.apply(fn, self, args)',
  guardNew: '(fn, args) => Reflect.construct(fn, args)',
  dynamic: '(self, fn, args) => Reflect.apply(fn, self, args)',
  twin: '(self, fn, args) => Reflect.apply(fn, self, args)',
}

function helpers(source: string): string {
  const used = new Set([...source.matchAll(/\$(pw_)?(\w+)/g)].map(([, prefix = '', name]) => `${prefix}${name}`))
  const declared: string[] = []
  for (const [name, meaning] of Object.entries(meanings)) {
    for (const each of [name, `pw_${name}`]) if (used.has(each)) declared.push(`$${each} = ${meaning}`)
  }
  return declared.length === 0 ? '' : `let ${declared.join(', ')};`
}
