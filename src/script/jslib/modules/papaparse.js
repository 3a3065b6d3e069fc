// papaparse 5.1.1: CSV, by the package of the same name and version; later ones rename repeated headers.
import Papa from 'papaparse-5.1'

export default Papa
export const { parse, unparse, RECORD_SEP, UNIT_SEP, BYTE_ORDER_MARK, BAD_DELIMITERS, Parser, ParserHandle } = Papa
