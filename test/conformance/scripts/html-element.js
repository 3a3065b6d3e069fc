import { parseHTML } from 'k6/html'
const t = (name, fn) => {
  try {
    const value = fn()
    console.log(name, value === undefined ? 'undefined' : JSON.stringify(value))
  } catch (e) {
    console.log(name, 'THROW', String(e))
  }
}
export default function () {
  const doc = parseHTML(
    '<div id="d" class="a b" lang="en"><a href="/x?y#z" target="t">link</a><img src="i.png"><input id="i" type="text" value="v" disabled><button type="submit" name="b">B</button><!-- note --></div>',
  )
  const el = (s) => doc.find(s).get(0)
  t('name', () => [
    el('div').nodeName(),
    el('div').nodeType(),
    el('div').nodeValue(),
    el('div').tagName ? el('div').tagName() : 'none',
  ])
  t('id', () => [el('div').id(), el('div').className(), el('div').lang()])
  t('classList', () => el('div').classList())
  t('attributes', () => [
    el('div').getAttribute('id'),
    el('div').hasAttribute('x'),
    Object.keys(el('div').attributes()).sort(),
  ])
  t('inner', () => [el('a').innerHTML(), el('a').textContent()])
  t('children', () => [
    el('div').children().length,
    el('div').childNodes().length,
    el('div').childElementCount(),
    el('div').hasChildNodes(),
  ])
  t('around', () => [
    el('div').firstChild().nodeName(),
    el('div').lastChild().nodeName(),
    el('div').firstElementChild().nodeName(),
    el('a').nextElementSibling().nodeName(),
    el('a').parentElement().id(),
  ])
  t('href', () => [el('a').href(), el('a').target(), el('a').hash(), el('a').pathname(), el('a').search()])
  t('img', () => el('img').src())
  t('input', () => [el('input').value(), el('input').type(), el('input').disabled(), el('input').name()])
  t('matches', () => [
    el('a').matches('a'),
    el('a').contains(el('img')),
    el('div').isEqualNode(el('div')),
    el('div').isSameNode(el('div')),
  ])
  t('query', () => [el('div').querySelector('a').nodeName(), el('div').querySelectorAll('*').length])
  t('toString', () => el('a').toString())
  t('selection', () => el('a').selection().text())
  t('contains', () => (doc.find('div').contains ? 'method' : 'none'))
}
