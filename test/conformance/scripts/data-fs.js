// k6/experimental/fs: stat, read, seek.
import { open, SeekMode } from 'k6/experimental/fs'
const file = await open('./lib/items.csv')
export default async function () {
  const info = await file.stat()
  console.log(info.name, info.size, Object.keys(info).sort().join(), file.path.endsWith('items.csv'))
  const buffer = new Uint8Array(5)
  console.log(await file.read(buffer), String.fromCharCode(...buffer))
  console.log(await file.seek(3, SeekMode.Start), await file.read(buffer), String.fromCharCode(...buffer))
  console.log(await file.seek(-3, SeekMode.End), await file.read(buffer), await file.read(buffer))
  console.log(await file.seek(0, SeekMode.Start), await file.seek(2, SeekMode.Current))
  try {
    await file.seek(-50, SeekMode.Current)
  } catch (e) {
    console.log(e.name, e.message ?? String(e))
  }
  try {
    await file.read(5)
  } catch (e) {
    console.log(e.name, e.message ?? String(e))
  }
}
