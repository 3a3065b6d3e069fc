// ignore-log: .
import _ from 'lodash'
export default function () {}
