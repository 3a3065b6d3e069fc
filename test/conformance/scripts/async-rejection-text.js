export default async function () {
  await null
  throw 'just text'
}
