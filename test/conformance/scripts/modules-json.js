// ignore-log: .
import users from './lib/users.json'
export default function () {
  console.log(users.length)
}
