const data = open('./missing.csv')
export default function () {
  console.log(data)
}
