import { parseHTML } from 'k6/html'
const t = (name, fn) => {
  try {
    const value = fn()
    console.log(name, value === undefined ? 'undefined' : JSON.stringify(value))
  } catch (e) {
    console.log(name, 'THROW', String(e))
  }
}
const page = `<html><body><div id="main" class="a b" data-x="5"><p class="p1">One <b>bold</b></p><p class="p2">Two</p><span>S</span></div><ul><li>1</li><li class="on">2</li><li>3</li></ul>
<form><input name="n" value="v"><input type="checkbox" name="c" checked><input type="radio" name="r" value="1"><input type="radio" name="r" value="2" checked><select name="s"><option>x</option><option selected>y</option></select><textarea name="t">area</textarea></form></body></html>`
export default function () {
  const doc = parseHTML(page)
  t('text', () => doc.find('p').text())
  t('html', () => doc.find('.p1').html())
  t('attr', () => [doc.find('div').attr('id'), doc.find('div').attr('none'), doc.find('div').attr('none', 'def')])
  t('data', () => doc.find('div').data('x'))
  t('data all', () => doc.find('div').data())
  t('size', () => [doc.find('li').size(), doc.find('none').size()])
  t('first last', () => [
    doc.find('li').first().text(),
    doc.find('li').last().text(),
    doc.find('li').eq(1).text(),
    doc.find('li').eq(-1).text(),
  ])
  t('filter', () => [
    doc.find('li').filter('.on').text(),
    doc.find('li').not('.on').text(),
    doc.find('li').is('.on'),
    doc.find('ul').has('.on').size(),
  ])
  t('filter fn', () =>
    doc
      .find('li')
      .filter((i, el) => el.text() !== '2')
      .size(),
  )
  t('walk', () => [
    doc.find('.on').next().text(),
    doc.find('.on').prev().text(),
    doc.find('.on').siblings().text(),
    doc.find('b').parent().attr('class'),
    doc.find('b').parents().size(),
    doc.find('b').closest('div').attr('id'),
  ])
  t('until', () => [
    doc.find('li').first().nextUntil('li:last-child').size(),
    doc.find('li').last().prevAll().text(),
    doc.find('b').parentsUntil('body').size(),
  ])
  t('children', () => [
    doc.find('div').children().size(),
    doc.find('div').children('p').size(),
    doc.find('.p1').contents().size(),
  ])
  t('each', () => {
    const out = []
    doc.find('li').each((i, el) => out.push(`${i}${el.innerHTML()}`))
    return out
  })
  t('map', () => doc.find('li').map((i, s) => s.text()))
  t('slice', () => [doc.find('li').slice(1).text(), doc.find('li').slice(0, 1).text(), doc.find('li').slice(-1).text()])
  t('index', () => [doc.find('.on').index(), doc.find('li').index('.on')])
  t('val', () => [doc.find('input').val(), doc.find('select').val(), doc.find('textarea').val()])
  t('serialize', () => doc.find('form').serialize())
  t('array', () => doc.find('form').serializeArray())
  t('object', () => Object.entries(doc.find('form').serializeObject()).sort())
  t('toArray', () =>
    doc
      .find('li')
      .toArray()
      .map((s) => s.text()),
  )
  t('get', () => [doc.find('li').get(1).innerHTML(), doc.find('li').get().length])
  t('add', () => doc.find('b').add('span').size())
  t('end', () => doc.find('ul').find('li').end().size())
  t('bad selector', () => doc.find('[[').size())
  t('pseudo', () => [
    doc.find('li:nth-child(2)').text(),
    doc.find('p:contains("Two")').size(),
    doc.find('li:not(.on)').size(),
    doc.find('div > p').size(),
    doc.find('p + p').text(),
    doc.find('[data-x=5]').size(),
  ])
  t('no html', () => parseHTML('just text').text())
  t('nothing', () => parseHTML('').html())
}
