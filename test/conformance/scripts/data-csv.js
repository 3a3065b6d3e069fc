// k6/experimental/csv: parse to rows and to objects, a parser that reads on.
import fs from 'k6/experimental/fs'
import csv from 'k6/experimental/csv'
const file = await fs.open('./lib/items.csv')
const again = await fs.open('./lib/items.csv')
const rows = await csv.parse(file, { skipFirstLine: true })
const objects = await csv.parse(file, { asObjects: true })
const two = await csv.parse(file, { fromLine: 1, toLine: 2 })
const parser = new csv.Parser(again, { skipFirstLine: true })
export const options = { iterations: 3 }
export default async function () {
  if (__ITER === 0) {
    console.log(
      rows.length,
      JSON.stringify(rows[1]),
      JSON.stringify(objects[0]),
      objects.length,
      JSON.stringify(two[0]),
      two.length,
    )
    console.log(JSON.stringify([...rows].map((r) => r[1])))
  }
  const { done, value } = await parser.next()
  console.log(done, JSON.stringify(value))
}
