// open(): text, bytes, missing files, relative paths.
const text = open('./lib/text.txt')
const bytes = open('lib/text.txt', 'b')
const items = open('./lib/items.csv')
if (__VU === 1) console.log(text.trim(), bytes.byteLength, bytes instanceof ArrayBuffer, items.split('\n').length)
for (const path of ['', './absent.txt', './lib']) {
  try {
    open(path)
  } catch (e) {
    if (__VU === 1) console.log(JSON.stringify(path), e instanceof Error, e.name)
  }
}
export default function () {
  try {
    open('./lib/text.txt')
  } catch (e) {
    console.log(String(e))
  }
}
