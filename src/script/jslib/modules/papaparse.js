// papaparse 5: CSV.
import Papa from 'k6/jslib/papaparse'

export default Papa
export const { parse, unparse, RECORD_SEP, UNIT_SEP, BYTE_ORDER_MARK, BAD_DELIMITERS, Parser, ParserHandle } = Papa
