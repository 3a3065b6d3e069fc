import http, { type Response } from 'k6/http'
import { check } from 'k6'
import type { Options } from 'k6/options'
import { Kind, label, type Item } from './lib/typed.ts'
export const options: Options = { iterations: 2 }
abstract class Base<T> {
  constructor(protected readonly value: T) {}
  abstract show(): string
}
class Shown extends Base<Item> {
  show(): string {
    return label(this.value)
  }
}
export default function (): void {
  const r: Response = http.get(`${__ENV.BASE_URL}/product/3`)
  check(r, { ok: (x) => x.status === 200 })
  const item = r.json() as unknown as Item
  console.log(new Shown(item).show(), Kind.Large, Kind[1], (item satisfies Item).id!)
}
