import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { formatConsoleArgs } from '../console/index.js'
import { createTestScope } from '../data/testing/scope.js'
import { createHtmlModule, parseHtml } from './index.js'

interface Answers {
  readonly selectorPage: string
  readonly selectors: readonly (readonly [selector: string, ids: string])[]
  readonly traversal: unknown
  readonly elementPages: readonly string[]
  readonly elements: readonly (readonly [base: string, tag: string, index: number, members: Record<string, unknown>])[]
}
const answers = JSON.parse(readFileSync(new URL('./testing/k6-answers.json', import.meta.url), 'utf8')) as Answers

const scope = createTestScope()
const { parseHTML } = createHtmlModule(scope) as { parseHTML: (text?: unknown) => object }
const page = parseHTML(answers.selectorPage)
const helpers = `const $ = (s) => d.find(s), L = $('#l').children(), ids = (x) => x.map((i, e) => e.get(0) ? e.get(0).id() || e.get(0).nodeName() : '?').join(',')`
const run = (source: string, d: object = page): unknown =>
  scope.run(`(() => { ${helpers}; return (${source}) })()`, { d, parseHTML })
const json = (source: string, d?: object): unknown =>
  JSON.parse((run(`JSON.stringify(${source})`, d) as string | undefined) ?? 'null')
const failure = (source: string): unknown =>
  run(`(() => { try { return ${source} } catch (e) { return String(e) + ' ' + (e instanceof Error) } })()`)

describe('selectors', () => {
  it.each(answers.selectors)('%j finds what k6 finds', (selector, expected) => {
    expect(run(`ids($(${JSON.stringify(selector)}))`)).toBe(expected)
  })
})

describe('Selection', () => {
  it('walks the tree as k6 does, method by method', () => {
    expect(
      json(
        `{children:ids($('#l').children()),childf:ids($('#l').children('.odd')),next:ids($('#a').next()),nextf:ids($('#a').next('.odd')),nextAll:ids($('#a').nextAll()),nextAllf:ids($('#a').nextAll('.odd')),prev:ids($('#c').prev()),prevAll:ids($('#c').prevAll()),sib:ids($('#b').siblings()),sibf:ids($('#b').siblings('#a')),parent:ids($('#n').parent()),parentf:ids($('#n').parent('ul')),parents:ids($('#n').parents()),parentsf:ids($('#n').parents('li')),pu:ids($('#n').parentsUntil('#l')),pus:ids($('#n').parentsUntil($('#l'))),puf:ids($('#n').parentsUntil('body','li')),pu0:ids($('#n').parentsUntil()),pun:ids($('#n').parentsUntil(null)),nu:ids($('#a').nextUntil('#c')),nus:ids($('#a').nextUntil($('#c'))),nuf:ids($('#a').nextUntil(null,'.odd')),pru:ids($('#c').prevUntil('#a')),closest:ids($('#n').closest('ul')),closest2:ids($('#n').closest('#n')),closests:ids($('#n').closest($('#l'))),has:ids($('li').has('ul')),hass:ids($('li').has($('#n'))),add:ids($('#c').add('#a')),adds:ids($('#c').add($('#a'))),not:ids(L.not('.odd')),nots:ids(L.not($('#a'))),notf:ids(L.not((i)=>i==0)),filter:ids(L.filter('.odd')),filters:ids(L.filter($('#a'))),filterf:ids(L.filter(i=>i>0)),first:ids(L.first()),last:ids(L.last()),eq:ids(L.eq(1)),eqm:ids(L.eq(-1)),eq9:ids(L.eq(9)),slice:ids(L.slice(1)),slice2:ids(L.slice(0,2)),slicem:ids(L.slice(-2)),slicemm:ids(L.slice(-2,-1)),slice9:ids(L.slice(0,9)),end:ids(L.first().end()),end2:ids(L.end()),is:[L.is('.odd'),L.is('#n'),L.is($('#a')),L.is(()=>false)],index:[$('#b').index(),$('#b').index('li'),L.index($('#c')),L.index($('#n')),$('zz').index()],contents:$('#b').contents().map((i,e)=>e.get(0).nodeName()),multi:ids($('li').parent()),multinext:ids($('li').next()),find:ids($('ul').find('li')),finds:ids($('body').find($('#n'))),single:[ids(d.single('li')),d.single('zz').size()],get:[L.get(0).id(),L.get(-1).id(),L.get(3),L.get(-3)===undefined,L.get(-4)===undefined,L.get().length],toArray:L.toArray().map(x=>x.text())}`,
      ),
    ).toEqual(answers.traversal)
  })

  it.each([
    [`$('h1').html()`, 'Hi &lt;there&gt; &#34;q&#34; &#39;r&#39; \u00a0 é<br/>x'],
    [`$('h1').text()`, `Hi <there> "q" 'r' \u00a0 éx`],
    [
      `[$('h1').attr('title'), $('h1').attr('nope') === undefined, $('h1').attr('nope', 'def'), $('h1').attr('nope', 5)]`,
      ['a"b', true, 'def', 5],
    ],
    [
      `[$('zz').html(), $('zz').text(), $('zz').val() === undefined, $('zz').data() === undefined, $('zz').size(), $('zz').get(), $('zz').index(), $('zz').end().size(), $('zz').toArray()]`,
      ['', '', true, true, 0, [], -1, 1, []],
    ],
    [
      `$('body').data()`,
      {
        fooBar: 5,
        obj: { a: 1 },
        t: true,
        f: '1.50',
        f2: 1.5,
        big: '12345678901234567890',
        arr: [1, 2],
        bad: '{x',
        aBCD: 'q',
        up: 'U',
      },
    ],
    [
      `[$('body').data('fooBar'), $('body').data('foo-bar'), $('body').data('obj'), $('body').data('aBCD'), $('body').data('up'), $('body').data('nope') === undefined]`,
      [5, 5, { a: 1 }, 'q', 'U', true],
    ],
    [
      `$('#f').find('input,textarea,select,button,option').map((i, e) => e.val())`,
      [
        'v 1',
        'on',
        'z',
        '1',
        '2',
        'tx &lt; y',
        'Two &amp; 3',
        '1',
        'Two &amp; 3',
        ['a', 'B'],
        'a',
        'B',
        'go',
        '',
        '1',
        'bv',
        '',
        'on',
      ],
    ],
    [`$('#f').serialize()`, 'c1=on&h=&m=a&m=B&r=2&s=Two+%26amp%3B+3&t=v+1&ta=tx+%26lt%3B+y'],
    [
      `$('#f').serializeObject()`,
      { t: 'v 1', c1: 'on', r: '2', ta: 'tx &lt; y', s: 'Two &amp; 3', m: ['a', 'B'], h: '' },
    ],
    [
      `$('input').serializeArray()`,
      [
        { name: 't', value: 'v 1' },
        { name: 'c1', value: 'on' },
        { name: 'r', value: '2' },
        { name: 'h', value: '' },
      ],
    ],
    [`[$('p').serialize(), $('p').serializeArray(), $('p').serializeObject()]`, ['', [], {}]],
    [
      `(() => { const r = []; const s = L.each((i, e) => { r.push(i, e.id()) }); return [r, s.size()] })()`,
      [[0, 'a', 1, 'b', 2, 'c'], 3],
    ],
    [`L.map(() => { throw new Error('x') })`, []],
    [
      `L.filter((i, s) => s.attr('id')[0] === 'b' && s.hasClass('odd') === false && s.length() === 1 && s.parent().attr('id')[1]).size()`,
      1,
    ],
    [
      `[ids(L.eq()), ids(L.eq('1')), ids($('#a').next(undefined)), ids($('#l').children(undefined))]`,
      ['a', 'b', '', ''],
    ],
    [`Object.keys(L)`, ['url']],
    [`L`, { url: '' }],
    [
      `[L.constructor.name, L instanceof Object, Array.isArray(L.get()), L.get() instanceof Array]`,
      ['Object', true, true, true],
    ],
  ])('%s is what k6 answers', (source, expected) => {
    expect(json(source)).toEqual(expected)
  })

  it.each([
    [`d.find(5)`, "invalid argument, cannot use a 'int64' as a selector"],
    [`d.find()`, "invalid argument, cannot use a '<nil>' as a selector"],
    [`d.find({})`, "invalid argument, cannot use a 'map[string]interface {}' as a selector"],
    [`d.find($('#n').get(0))`, "invalid argument, cannot use a 'html.LiElement' as a selector"],
    [`d.find($('td').get(0))`, "invalid argument, cannot use a 'html.TableDataCellElement' as a selector"],
    [`$('#n').parentsUntil(5)`, "invalid argument, cannot use a 'int64' as a selector"],
    [`L.each(3)`, 'the argument to each() must be a function'],
    [`L.map(4)`, 'the argument to map() must be a function'],
    [`L.filter(4)`, 'the argument to filter() must be a function, a selector or a selection'],
    [`L.is(4)`, 'the argument to is() must be a function, a selector or a selection'],
    [`L.each(() => { throw new Error('x') })`, 'the function passed to each() failed: Error: x'],
    [`parseHTML('<div>'.repeat(600))`, 'html: open stack of elements exceeds 512 nodes'],
  ])("%s throws k6's GoError", (source, message) => {
    expect(failure(source)).toBe(`GoError: ${message} true`)
  })

  it('waits for callbacks of each() that block, one after another', async () => {
    const seen: unknown[] = []
    const source = `d.find('#l > li').each(async (i, e) => { seen.push('start ' + e.id()); await null; seen.push('end ' + e.id()) })`
    const result = scope.run(source, { d: page, seen }) as Promise<{ size(): number }>
    expect(result).toBeInstanceOf(scope.realm.Promise)
    expect((await result).size()).toBe(3)
    expect(seen).toEqual(['start a', 'end a', 'start b', 'end b', 'start c', 'end c'])
    const failing = scope.run(`d.find('li').each(async () => { throw new Error('x') })`, { d: page })
    await expect(failing).rejects.toThrow('the function passed to each() failed: Error: x')
  })

  it('shows its members in the console as k6 does', () => {
    expect(formatConsoleArgs([run(`L`)])).toMatch(
      /^{ url: "", add: \[object Function\], attr: .*, toArray: \[object Function\], val: \[object Function\] }$/,
    )
  })
})

describe('parseHTML', () => {
  it.each([
    [`parseHTML()`, '<html><head></head><body></body></html>'],
    [`parseHTML(null)`, '<html><head></head><body></body></html>'],
    [`parseHTML(4)`, '<html><head></head><body>4</body></html>'],
    [`parseHTML('<td>x')`, '<html><head></head><body>x</body></html>'],
    [
      `parseHTML('<p a=1 a=2 B="x&y\\'<">')`,
      '<html><head></head><body><p a="1" b="x&amp;y&#39;&lt;"></p></body></html>',
    ],
    [
      `parseHTML('<script>"<"</script><iframe><p></iframe><plaintext><a>')`,
      '<html><head><script>"<"</script></head><body><iframe><p></iframe><plaintext><a>',
    ],
    [`parseHTML('<textarea>\\n\\nx</textarea>')`, '<html><head></head><body><textarea>\n\nx</textarea></body></html>'],
    [`parseHTML('<table><a>x</table>')`, '<html><head></head><body><a>x</a><table></table></body></html>'],
  ])('%s renders as in k6', (source, expected) => {
    expect(run(`${source}.html()`)).toBe(expected)
  })

  it('takes markup of any length without running deep', () => {
    expect(run(`parseHTML('<p><b>x</b></p>'.repeat(20000)).find('p b').size()`)).toBe(20_000)
  })
})

describe('Element', () => {
  const expected = [...answers.elements]
  for (const [baseIndex, base] of ['', 'http://base.org:8971/dir/p'].entries()) {
    for (const [pageIndex, text] of answers.elementPages.entries()) {
      it(`answers as k6's for every tag of page ${pageIndex}${baseIndex === 0 ? '' : ' with a URL'}`, () => {
        const document = parseHtml(scope, text, base === '' ? '' : `${base}${pageIndex}?q#f`)
        const members = `(tag, i, names) => JSON.stringify(Object.fromEntries(names.map((name) => { const e = $(tag).get(i); const show = (n) => n && n.nodeName
          ? '<' + n.nodeName() + ' ' + (Array.isArray(this) ? '' : n.id()) + n.textContent().slice(0, 10) + '>' : n
          let v = e[name](); if (Array.isArray(v)) v = v.map((n) => n && n.nodeName ? '<' + n.nodeName() + ' ' + n.textContent().slice(0, 10) + '>' : n); else v = show(v)
          return [name, v === undefined ? 'undef' : v] })))`
        const read = run(members, document) as (tag: string, i: number, names: string[]) => string
        let compared = 0
        while (expected.length > 0) {
          const [flag, tag, index, wanted] = expected[0] as Answers['elements'][number]
          if (
            (flag !== '') !== (base !== '') ||
            run(`$(${JSON.stringify(tag)}).get(${index}) === undefined`, document) === true
          )
            break
          if (compared > 0 && index === 0 && done.has(`${baseIndex} ${pageIndex} ${tag}`)) break
          done.add(`${baseIndex} ${pageIndex} ${tag}`)
          expected.shift()
          compared++
          expect([tag, index, JSON.parse(read(tag, index, Object.keys(wanted)))]).toEqual([tag, index, wanted])
        }
        expect(compared).toBeGreaterThan(30)
      })
    }
  }
  const done = new Set<string>()

  it.each([
    [`$('h1').get(0).getAttributeNode('title')`, { name: 'title', value: 'a"b', owner_element: {} }],
    [`Object.keys($('h1').get(0).attributes())`, ['id', 'title']],
    [
      `[$('p').get(0).isEqualNode($('p').get(0)), $('p').get(0).isSameNode($('p').get(1)), $('li').get(0).isEqualNode($('li').get(0)), $('body').get(0).contains($('p').get(0)), $('body').get(0).contains($('li').get(0))]`,
      [true, false, false, true, false],
    ],
    [
      `[$('svg').get(0).namespaceURI(), $('svg').get(0).isDefaultNamespace(), $('svg').get(0).getAttributeNode('href').value]`,
      ['http://www.w3.org/2000/svg', false, 'q'],
    ],
    [
      `[d.get(0).nodeName(), d.get(0).nodeType(), d.get(0).firstChild().nodeType(), String(d.get(0)), d.get(0).parentNode() === undefined]`,
      ['#document', 9, 10, '[object #document]', true],
    ],
    [
      `(() => { const t = $('#a').get(0).firstChild(); return [t.nodeName(), t.nodeType(), t.nodeValue(), t.textContent(), String(t), t.parentNode().id()] })()`,
      ['#text', 3, 'A', 'A', '[object #text]', 'a'],
    ],
    [
      `(() => { const c = $('body').get(0).childNodes()[1]; return [c.nodeName(), c.nodeType(), c.nodeValue()] })()`,
      ['#comment', 8, ''],
    ],
    [
      `[$('a').get(0), $('div').get(0) === undefined, $('p').get(0), $('ul').get(0)]`,
      [{ href_element: { element: {} }, element: {} }, true, {}, { element: {} }],
    ],
    [
      `[String($('li').get(0)), $('script').get(0).innerHTML(), $('noscript').get(0).innerHTML()]`,
      ['[object html.Node]', 'if(a&lt;b&amp;&amp;c)&#34;x&#34;', '&lt;p&gt;ns&lt;/p&gt;'],
    ],
  ])('%s is what k6 answers', (source, wanted) => {
    expect(json(source)).toEqual(wanted)
  })

  it('has no neighbour where k6 would crash', () => {
    expect(
      run(
        `d.get(0).nextSibling() === undefined && $('br').get(0).firstChild() === undefined && L.slice(9).size() === 0`,
      ),
    ).toBe(true)
  })
})
