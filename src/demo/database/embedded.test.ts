import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { openShopDatabase } from './embedded.js'

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

async function digest(cacheDir: string | undefined): Promise<{ said: string[]; text: string }> {
  const said: string[] = []
  const size = { products: 300, orders: 200 }
  const database = await openShopDatabase({ size, cacheDir, progress: (message) => said.push(message) })
  const rows = await database.query<{ text: string }>(
    `select (select md5(string_agg(p::text, ',' order by id)) from products p)
         || (select md5(string_agg(o::text, ',' order by id)) from orders o)
         || (select md5(string_agg(l::text, ',' order by order_id, product_id)) from order_lines l) as text`,
  )
  await database.close()
  return { said, text: rows.rows[0]?.text ?? '' }
}

describe('the embedded database', () => {
  it('has the same rows on every start: seeded, from the cache, and when the cache is broken', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'shop-cache-'))
    folders.push(folder)
    const seeded = await digest(folder)
    expect(seeded.said.join()).toContain('seeding 300 products and 200 orders')
    const [file] = readdirSync(folder)
    expect(file).toMatch(/^shop-[0-9a-f]{16}\.tar\.gz$/)

    const cached = await digest(folder)
    expect(cached.said).toEqual(['loading the seeded database'])
    expect(cached.text).toBe(seeded.text)

    writeFileSync(join(folder, file ?? ''), 'not a tarball')
    const repaired = await digest(folder)
    expect(repaired.said.join()).toContain('cannot be used')
    expect(repaired.text).toBe(seeded.text)
  }, 120_000)

  it('starts without a cache it can write to', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'shop-cache-'))
    folders.push(folder)
    writeFileSync(join(folder, 'file'), '')
    const { said, text } = await digest(join(folder, 'file'))
    expect(said.join()).toContain('could not be kept')
    expect(text).toMatch(/^[0-9a-f]{96}$/)
  }, 120_000)
})
