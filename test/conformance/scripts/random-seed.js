import { randomSeed } from 'k6'
export const options = { iterations: 2 }
export default function () {
  randomSeed(123)
  console.log(Math.random(), Math.random())
  randomSeed(-5)
  console.log(Math.random())
  try {
    randomSeed('x')
    console.log(Math.random() < 1)
  } catch (e) {
    console.log(String(e))
  }
}
