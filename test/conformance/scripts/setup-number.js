export const setup = () => 5
export default (data) => {
  console.log(typeof data, data)
}
export const teardown = (data) => {
  console.log(data)
}
