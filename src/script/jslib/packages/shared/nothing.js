// Stands for the modules of Node that a k6 script does not have.
export default {}
