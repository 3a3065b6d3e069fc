/**
 * Statistics for measurements of systems: mergeable quantiles, intervals, trends, knees. Pure functions, seeded where
 * they draw; every method, its source and its measured false-alarm rate is in docs/statistics.md. Public as
 * `perfwright/stats`.
 */
export * from './autocorrelation.js'
export { type BootstrapOptions, blockBootstrap, bootstrap, stretchInterval, twoLevelBootstrap } from './bootstrap.js'
export { type BrokenLine, brokenLineAt, fitBrokenLine } from './broken-line.js'
export { type ChangePoint, changePoints } from './change-points.js'
export { normalQuantile, studentCdf, studentQuantile } from './distributions.js'
export { equivalence } from './equivalence.js'
export { findKnee, type Knee } from './knee.js'
export { type Growth, growthOf, isMoving } from './growth.js'
export { kneedle } from './kneedle.js'
export { littleRatio } from './little.js'
export {
  ascending,
  type Interval,
  mad,
  mean,
  median,
  quantileInterval,
  quantileOf,
  quantileRanks,
  variance,
} from './order.js'
export { benjaminiHochberg, holm, permutationTest } from './permutation.js'
export { newcombe, trialsToShow, wilson } from './proportions.js'
export { hodgesLehmann, mannWhitney, pseudoMedian, ranksOf, signedRank, spearman } from './ranks.js'
export { RELATIVE_ERROR, Sketch, type SketchRow } from './sketch.js'
export { sketchQuantileInterval } from './sketch-interval.js'
export { mannKendall, theilSen } from './trend.js'
export { fitUsl, type LoadPoint, uslAt, type UslFit } from './usl.js'
export { halvesDiffer, mser5 } from './warm-up.js'
