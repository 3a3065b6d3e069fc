/**
 * What each tag adds to an Element: mostly an attribute read as text, number, flag, one of some words, or URL. One row
 * per tag, in k6's words; source: grafana.com/docs/k6, "javascript-api/k6-html/element", and k6 2.2's answers.
 */
import { realmArray } from '../encoding/go-values.js'
import { compileSelector } from './css.js'
import type { ElementKit, ElementState } from './element.js'
import { attributeOf, type HtmlNode, textOf } from './nodes.js'
import * as sets from './sets.js'
import { type GoUrl, goUrlText, parseGoUrl, resolveGoUrl } from './url.js'
import { valueOrHtml } from './values.js'

export type ElementMethod = (state: ElementState, kit: ElementKit, ...args: unknown[]) => unknown

export interface ElementKind {
  /** k6's name of the type, seen in the text of errors. */
  readonly goName: string
  /** Field that k6 shows for a type that this one builds on. */
  readonly embeds?: string
  readonly methods: Readonly<Record<string, ElementMethod>>
}

const text =
  (name: string): ElementMethod =>
  (e) =>
    attributeOf(e.node, name) ?? ''
const flag =
  (name: string): ElementMethod =>
  (e) =>
    attributeOf(e.node, name) !== undefined
const whole =
  (name: string, otherwise: number): ElementMethod =>
  (e) => {
    const value = attributeOf(e.node, name)
    return value !== undefined && /^[+-]?\d+$/.test(value) ? Number(value) : otherwise
  }
/** One of `words` (space-separated); anything else is `otherwise`. */
const word = (name: string, words: string, otherwise: string): ElementMethod => {
  const known = new Set(words.split(' '))
  return (e) => {
    const value = attributeOf(e.node, name)
    return value !== undefined && known.has(value) ? value : otherwise
  }
}
const constant =
  (value: unknown): ElementMethod =>
  () =>
    value
const words =
  (name: string): ElementMethod =>
  (e, kit) => {
    const value = attributeOf(e.node, name) ?? ''
    return realmArray(kit.realm, value === '' ? [] : value.split(' '))
  }
const content: ElementMethod = (e) => textOf(e.node)

function attributeUrl(e: ElementState, name: string): GoUrl | undefined {
  const value = attributeOf(e.node, name)
  const base = value === undefined ? undefined : parseGoUrl(e.selection.url)
  const reference = value === undefined ? undefined : parseGoUrl(value)
  return base === undefined || reference === undefined ? undefined : resolveGoUrl(base, reference)
}

function resolved(e: ElementState, name: string, otherwise = ''): string {
  if (e.selection.url === '') return attributeOf(e.node, name) ?? ''
  const target = attributeUrl(e, name)
  return target === undefined ? otherwise : goUrlText(target)
}

/** The attribute resolved against the page's URL; as written when the page has none. */
const url =
  (name: string): ElementMethod =>
  (e) =>
    resolved(e, name)

const found = (e: ElementState, selector: string): HtmlNode[] => sets.descendants([e.node], compileSelector(selector))
const list =
  (selector: string): ElementMethod =>
  (e, kit) =>
    kit.list(e, found(e, selector))
const count =
  (selector: string): ElementMethod =>
  (e) =>
    found(e, selector).length

const ancestors = (e: ElementState, selector: string): HtmlNode[] =>
  sets.parents([e.node], () => false).filter(compileSelector(selector))
/** Searches what is under the outermost ancestor. */
const inRoot = (node: HtmlNode, selector: string): HtmlNode[] => {
  const root = sets.parents([node], () => false).at(-1)
  return root === undefined ? [] : sets.descendants([root], compileSelector(selector))
}

function ownerForms(e: ElementState): HtmlNode[] {
  const around = sets.closest([e.node], compileSelector('form'))
  if (around.length > 0) return around
  const id = attributeOf(e.node, 'form') ?? ''
  return id === '' ? [] : inRoot(e.node, `#${id}`)
}
const form: ElementMethod = (e, kit) => kit.one(e, ownerForms(e)[0])
const labels: ElementMethod = (e, kit) => {
  const around = sets.closest([e.node], compileSelector('label'))
  const id = attributeOf(e.node, 'id') ?? ''
  const named = id === '' ? [] : inRoot(e.node, `label[for="${id}"]`)
  return kit.list(e, [...new Set([...around, ...named])])
}

/** `formaction` and its like: the control's own, else the form's. */
function formAttribute(e: ElementState, name: string): string | undefined {
  return attributeOf(e.node, `form${name}`) ?? attributeOf(ownerForms(e)[0], name)
}
const referrerPolicies = 'no-referrer no-referrer-when-downgrade origin origin-when-cross-origin unsafe-url'
const referrerPolicy = word('referrerpolicy', referrerPolicies, '')
const enctype = (value: string | undefined): string =>
  value === 'multipart/form-data' || value === 'text/plain' ? value : 'application/x-www-form-urlencoded'
const crossOrigin: ElementMethod = (e) => {
  const value = attributeOf(e.node, 'crossorigin')
  return value === 'anonymous' || value === 'use-credentials' ? value : undefined
}
const onOff = word('autocomplete', 'off', 'on')

const defaultPorts: Readonly<Record<string, string>> = { http: '80', https: '443', ftp: '21' }
const href = (e: ElementState): GoUrl | undefined => attributeUrl(e, 'href')
function hostAndPort(target: GoUrl | undefined): readonly [host: string, port: string] | undefined {
  const match = /^(?:\[(.*)\]|([^:]*)):(\d*)$/.exec(target?.host ?? '')
  return match === null ? undefined : [match[1] ?? match[2] ?? '', match[3] as string]
}

const hrefMethods: Readonly<Record<string, ElementMethod>> = {
  accessKey: text('accesskey'),
  download: text('download'),
  hash: (e) => {
    const fragment = href(e)?.fragment ?? ''
    return fragment === '' ? '' : `#${fragment}`
  },
  host: (e) => {
    const target = href(e)
    const split = hostAndPort(target)
    if (target === undefined || split === undefined) return target?.host ?? ''
    return defaultPorts[target.scheme] === split[1] ? split[0] : target.host
  },
  hostname: (e) => {
    const target = href(e)
    return hostAndPort(target)?.[0] ?? target?.host ?? ''
  },
  href: url('href'),
  hrefLang: text('hreflang'),
  origin: (e) => {
    const target = href(e)
    if (target === undefined || target.scheme === '') return ''
    return target.scheme === 'file' ? resolved(e, 'href') : `${target.scheme}://${target.host}`
  },
  password: (e) => href(e)?.password ?? '',
  pathname: (e) => href(e)?.path ?? '',
  port: (e) => hostAndPort(href(e))?.[1] ?? '',
  protocol: (e) => {
    const scheme = href(e)?.scheme ?? ''
    return scheme === '' ? ':' : scheme
  },
  referrerPolicy,
  rel: text('rel'),
  relList: words('rel'),
  search: (e) => {
    const query = href(e)?.rawQuery ?? ''
    return query === '' ? '' : `?${query}`
  },
  target: text('target'),
  text: content,
  toString: url('href'),
  type: text('type'),
  username: (e) => href(e)?.username ?? '',
}

const mediaMethods: Readonly<Record<string, ElementMethod>> = {
  autoplay: flag('autoplay'),
  controls: flag('controls'),
  crossOrigin,
  currentSrc: text('src'),
  defaultMuted: flag('muted'),
  loop: flag('loop'),
  mediaGroup: text('mediagroup'),
  muted: flag('muted'),
  preload: word('preload', 'metadata none', 'auto'),
  src: url('src'),
  textTracks: list('track'),
}

const fieldMethods: Readonly<Record<string, ElementMethod>> = {
  form,
  formAction: (e) => {
    const action = formAttribute(e, 'action')
    const base = e.selection.url
    if (base === '') return action ?? ''
    if (action === undefined || action === '') return base
    const [parsedBase, parsed] = [parseGoUrl(base), parseGoUrl(action)]
    return parsedBase === undefined || parsed === undefined ? action : goUrlText(resolveGoUrl(parsedBase, parsed))
  },
  formEnctype: (e) => enctype(formAttribute(e, 'enctype')),
  formMethod: (e) => (formAttribute(e, 'method')?.toLowerCase() === 'post' ? 'post' : 'get'),
  formNoValidate: (e) => formAttribute(e, 'novalidate') !== undefined,
  formTarget: (e) => formAttribute(e, 'target') ?? '',
  labels,
  name: text('name'),
}

const modMethods: Readonly<Record<string, ElementMethod>> = { cite: text('cite'), datetime: text('datetime') }
const sectionMethods: Readonly<Record<string, ElementMethod>> = { rows: list('tr') }
const cellMethods: Readonly<Record<string, ElementMethod>> = {
  cellIndex: (e) => indexAmong(e, 'tr', 'th,td'),
  colSpan: whole('colspan', 1),
  headers: text('headers'),
  rowSpan: whole('rowspan', 1),
}

/** Position among what `members` finds under all ancestors that `container` matches; -1 without such an ancestor. */
function indexAmong(e: ElementState, container: string, members: string, otherwise = -1): number {
  const around = ancestors(e, container)
  return around.length === 0 ? otherwise : sets.descendants(around, compileSelector(members)).indexOf(e.node)
}

const firstChild =
  (tag: string): ElementMethod =>
  (e, kit) =>
    kit.one(e, sets.children([e.node]).find(compileSelector(tag)))

function selectedOptions(e: ElementState): HtmlNode[] {
  return found(e, 'option[selected]')
}

/** A non-negative number in an attribute; undefined for anything else. */
function amount(e: ElementState, name: string): number | undefined {
  const value = attributeOf(e.node, name)
  const number = value === undefined || value.trim() !== value || value === '' ? Number.NaN : Number(value)
  return number >= 0 ? number : undefined
}
const progress = (e: ElementState, otherwise: number): number => {
  const value = amount(e, 'value')
  return value === undefined ? otherwise : value / (amount(e, 'max') ?? 1)
}

const hrefKind = (goName: string): ElementKind => ({ goName, embeds: 'href_element', methods: hrefMethods })
const mediaKind = (goName: string): ElementKind => ({ goName, embeds: 'media_element', methods: mediaMethods })
const modKind = (goName: string): ElementKind => ({ goName, embeds: 'mod_element', methods: modMethods })
const sectionKind = (goName: string): ElementKind => ({
  goName,
  embeds: 'table_section_element',
  methods: sectionMethods,
})

export const elementKinds: Readonly<Record<string, ElementKind>> = {
  a: hrefKind('AnchorElement'),
  area: hrefKind('AreaElement'),
  audio: mediaKind('AudioElement'),
  base: {
    goName: 'BaseElement',
    methods: { href: (e) => resolved(e, 'href', e.selection.url), target: text('target') },
  },
  button: {
    goName: 'ButtonElement',
    embeds: 'form_field_element',
    methods: {
      ...fieldMethods,
      accessKey: text('accesskey'),
      autofocus: flag('autofocus'),
      disabled: flag('disabled'),
      tabIndex: whole('tabindex', 0),
      type: word('type', 'button menu reset', 'submit'),
      value: (e) => valueOrHtml(e.node),
    },
  },
  canvas: { goName: 'CanvasElement', methods: { width: whole('width', 150), height: whole('height', 150) } },
  data: { goName: 'DataElement', methods: { value: text('value') } },
  datalist: { goName: 'DataListElement', methods: { options: list('option') } },
  del: modKind('DelElement'),
  embed: {
    goName: 'EmbedElement',
    methods: { height: text('height'), width: text('width'), src: text('src'), type: text('type') },
  },
  fieldset: {
    goName: 'FieldSetElement',
    methods: {
      disabled: flag('disabled'),
      elements: list('input,select,button,textarea'),
      form,
      name: text('name'),
      type: constant('fieldset'),
      validity: constant(undefined),
    },
  },
  form: {
    goName: 'FormElement',
    methods: {
      acceptCharset: text('accept-charset'),
      action: url('action'),
      autocomplete: onOff,
      elements: list('input,select,button,textarea,fieldset'),
      encoding: (e) => enctype(attributeOf(e.node, 'enctype')),
      enctype: (e) => enctype(attributeOf(e.node, 'enctype')),
      length: count('input,select,button,textarea,fieldset'),
      method: word('method', 'post', 'get'),
      name: text('name'),
      noValidate: flag('novalidate'),
      target: text('target'),
    },
  },
  iframe: {
    goName: 'IFrameElement',
    methods: {
      allowfullscreen: flag('allowfullscreen'),
      height: text('height'),
      name: text('name'),
      referrerPolicy,
      src: url('src'),
      width: text('width'),
    },
  },
  img: {
    goName: 'ImageElement',
    methods: {
      alt: text('alt'),
      crossOrigin,
      currentSrc: url('src'),
      height: whole('height', 0),
      isMap: flag('ismap'),
      name: text('name'),
      referrerPolicy,
      sizes: text('sizes'),
      src: url('src'),
      srcset: text('srcset'),
      useMap: text('usemap'),
      width: whole('width', 0),
    },
  },
  input: {
    goName: 'InputElement',
    embeds: 'form_field_element',
    methods: {
      ...fieldMethods,
      accept: text('accept'),
      accessKey: text('accesskey'),
      alt: text('alt'),
      autocomplete: onOff,
      autofocus: flag('autofocus'),
      checked: flag('checked'),
      defaultChecked: flag('checked'),
      defaultValue: text('value'),
      dirName: text('dirname'),
      disabled: flag('disabled'),
      height: text('height'),
      list: (e, kit) => {
        const id = attributeOf(e.node, 'list') ?? ''
        if (id === '' || /^(?:hidden|checkbox|radio|file|button)$/.test(attributeOf(e.node, 'type') ?? ''))
          return undefined
        return kit.one(e, inRoot(e.node, `datalist[id="${id}"]`)[0])
      },
      max: text('max'),
      maxLength: whole('maxlength', -1),
      min: text('min'),
      multiple: flag('multiple'),
      pattern: text('pattern'),
      placeholder: text('placeholder'),
      readonly: flag('readonly'),
      required: flag('required'),
      size: whole('size', 0),
      src: url('src'),
      step: text('step'),
      tabIndex: whole('tabindex', 0),
      type: word(
        'type',
        'button checkbox color date datetime-local email file hidden image month number password radio range reset search submit tel time url week',
        'text',
      ),
      value: text('value'),
      width: text('width'),
    },
  },
  ins: modKind('InsElement'),
  keygen: {
    goName: 'KeygenElement',
    methods: {
      autofocus: flag('autofocus'),
      challenge: text('challenge'),
      disabled: flag('disabled'),
      form,
      keytype: word('keytype', 'DSA EC', 'RSA'),
      labels,
      name: text('name'),
      type: constant('keygen'),
    },
  },
  label: {
    goName: 'LabelElement',
    methods: {
      control: (e, kit) => {
        const id = attributeOf(e.node, 'for')
        return id === undefined ? undefined : kit.one(e, inRoot(e.node, `#${id}`)[0])
      },
      form,
      htmlFor: text('for'),
    },
  },
  legend: { goName: 'LegendElement', methods: { accessKey: text('accesskey'), form } },
  li: {
    goName: 'LiElement',
    methods: { type: word('type', '1 a A i I disc square circle', ''), value: whole('value', 0) },
  },
  link: {
    goName: 'LinkElement',
    methods: {
      crossOrigin,
      href: url('href'),
      hreflang: text('hreflang'),
      media: text('media'),
      referrerPolicy,
      rel: text('rel'),
      relList: words('rel'),
      target: text('target'),
      type: text('type'),
    },
  },
  map: {
    goName: 'MapElement',
    methods: {
      areas: list('area'),
      // By the map's id; its name does not count in k6.
      images: (e, kit) => {
        const id = attributeOf(e.node, 'id')
        return kit.list(e, id === undefined ? [] : inRoot(e.node, `img[usemap="#${id}"],object[usemap="#${id}"]`))
      },
      name: text('name'),
    },
  },
  meta: {
    goName: 'MetaElement',
    methods: {
      content: text('content'),
      httpEquiv: word('http-equiv', 'default-style refresh', 'content-type'),
      name: text('name'),
    },
  },
  meter: {
    goName: 'MeterElement',
    methods: {
      high: whole('high', 0),
      labels,
      low: whole('low', 0),
      max: whole('max', 0),
      min: whole('min', 0),
      optimum: whole('optimum', 0),
    },
  },
  object: {
    goName: 'ObjectElement',
    methods: {
      data: url('data'),
      form,
      height: text('height'),
      name: text('name'),
      tabIndex: whole('tabindex', 0),
      type: text('type'),
      typeMustMatch: flag('typemustmatch'),
      useMap: text('usemap'),
      width: text('width'),
    },
  },
  ol: {
    goName: 'OListElement',
    methods: { reversed: flag('reversed'), start: whole('start', 0), type: word('type', 'a A i I', '1') },
  },
  optgroup: { goName: 'OptGroupElement', methods: { disabled: flag('disabled'), label: text('label') } },
  option: {
    goName: 'OptionElement',
    methods: {
      defaultSelected: flag('selected'),
      disabled: (e) =>
        attributeOf(e.node, 'disabled') !== undefined ||
        attributeOf(ancestors(e, 'optgroup')[0], 'disabled') !== undefined,
      form: (e, kit) => {
        const around = ancestors(e, 'form')[0]
        if (around !== undefined) return kit.one(e, around)
        const select = ancestors(e, 'select')[0]
        const id = attributeOf(select, 'form')
        return select === undefined || id === undefined ? undefined : kit.one(e, inRoot(select, `form#${id}`)[0])
      },
      index: (e) => indexAmong(e, 'select,datalist', 'option', 0),
      label: (e) => attributeOf(e.node, 'label') ?? textOf(e.node),
      selected: flag('selected'),
      text: content,
      value: (e) => valueOrHtml(e.node),
    },
  },
  output: {
    goName: 'OutputElement',
    methods: {
      defaultValue: content,
      form,
      htmlFor: text('for'),
      labels,
      name: text('name'),
      type: constant('output'),
      value: content,
    },
  },
  param: { goName: 'ParamElement', methods: { name: text('name'), value: text('value') } },
  pre: { goName: 'PreElement', methods: { name: text('name'), value: text('value') } },
  progress: {
    goName: 'ProgressElement',
    methods: {
      labels,
      max: (e) => amount(e, 'max') ?? 1,
      position: (e) => progress(e, -1),
      value: (e) => progress(e, 0),
    },
  },
  script: {
    goName: 'ScriptElement',
    methods: {
      async: flag('async'),
      charset: text('charset'),
      crossOrigin: text('crossorigin'),
      defer: flag('defer'),
      noModule: flag('nomodule'),
      src: url('src'),
      text: content,
      type: text('type'),
    },
  },
  select: {
    goName: 'SelectElement',
    methods: {
      autofocus: flag('autofocus'),
      disabled: flag('disabled'),
      form,
      labels,
      length: count('option'),
      multiple: flag('multiple'),
      name: text('name'),
      options: list('option'),
      required: flag('required'),
      selectedIndex: (e) => {
        const [selected] = selectedOptions(e)
        return selected === undefined ? -1 : found(e, 'option').indexOf(selected)
      },
      selectedOptions: list('option[selected]'),
      size: (e) => (attributeOf(e.node, 'multiple') === undefined ? 1 : 4),
      tabIndex: whole('tabindex', 0),
      type: (e) => (attributeOf(e.node, 'multiple') === undefined ? 'select' : 'select-multiple'),
      value: (e) => valueOrHtml(selectedOptions(e)[0]),
    },
  },
  source: {
    goName: 'SourceElement',
    methods: {
      keySystem: text('keysystem'),
      media: text('media'),
      sizes: text('sizes'),
      src: url('src'),
      srcset: text('srcset'),
      type: text('type'),
    },
  },
  style: {
    goName: 'StyleElement',
    methods: {
      media: text('media'),
      type: (e) => {
        const type = attributeOf(e.node, 'type') ?? ''
        return type === '' ? 'text/css' : type
      },
    },
  },
  table: {
    goName: 'TableElement',
    methods: {
      caption: firstChild('caption'),
      rows: list('tr'),
      sortable: flag('sortable'),
      tBodies: list('tbody'),
      tFoot: firstChild('tfoot'),
      tHead: firstChild('thead'),
    },
  },
  tbody: sectionKind('TableBodyElement'),
  tfoot: sectionKind('TableFootElement'),
  thead: sectionKind('TableHeadElement'),
  col: { goName: 'TableColElement', methods: { span: (e, kit) => Math.max(1, whole('span', 1)(e, kit) as number) } },
  td: { goName: 'TableDataCellElement', embeds: 'table_cell_element', methods: cellMethods },
  th: {
    goName: 'TableHeaderCellElement',
    embeds: 'table_cell_element',
    methods: {
      ...cellMethods,
      abbr: text('abbr'),
      scope: word('scope', 'row col colgroup rowgroup', ''),
      sorted: flag('sorted'),
    },
  },
  tr: {
    goName: 'TableRowElement',
    methods: {
      cells: list('th,td'),
      rowIndex: (e) => indexAmong(e, 'table', 'tr'),
      sectionRowIndex: (e) => indexAmong(e, 'thead,tbody,tfoot', 'tr'),
    },
  },
  textarea: {
    goName: 'TextAreaElement',
    methods: {
      accessKey: text('accesskey'),
      autocapitalize: word('autocapitalize', 'none off characters words', 'sentences'),
      autocomplete: onOff,
      cols: whole('cols', 0),
      defaultValue: text('value'),
      form,
      labels,
      // Of the attribute, in bytes.
      length: (e) => Buffer.byteLength(attributeOf(e.node, 'value') ?? ''),
      maxLength: whole('maxlength', 0),
      placeholder: text('placeholder'),
      readOnly: flag('readonly'),
      required: flag('required'),
      rows: whole('rows', 0),
      tabIndex: whole('tabindex', 0),
      type: constant('textarea'),
      value: text('value'),
      wrap: word('wrap', 'hard off', 'soft'),
    },
  },
  time: { goName: 'TimeElement', methods: { datetime: text('datetime') } },
  title: { goName: 'TitleElement', methods: { text: content } },
  track: {
    goName: 'TrackElement',
    methods: {
      default: flag('default'),
      kind: word('kind', 'captions descriptions chapters metadata', 'subtitle'),
      label: text('label'),
      src: url('src'),
      srclang: text('srclang'),
    },
  },
  ul: { goName: 'UListElement', methods: { type: text('type') } },
  video: mediaKind('VideoElement'),
}
