import Ajv from 'ajv6'

export default Ajv
