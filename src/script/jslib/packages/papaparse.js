// papaparse 5.1.1, the version that jslib.k6.io serves; later ones rename repeated headers.
import Papa from 'papaparse-5.1'

export default Papa
