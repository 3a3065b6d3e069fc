// ajv 6.12: JSON Schema up to draft 7, by the package of the same name.
import Ajv from 'ajv6'

export default Ajv
