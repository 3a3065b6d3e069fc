// ajv 6.12: JSON Schema up to draft 7.
import Ajv from 'k6/jslib/ajv'

export default Ajv
