module.exports = {
  options: { iterations: 2, thresholds: { iterations: ['count==2'] } },
  default: function () {
    console.log('cjs', __ITER)
  },
}
