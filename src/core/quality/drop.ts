import type { QualityMetric } from '../../api/variant.ts';
import { z95OneSided } from '../statistics/binomial.ts';
import { bootstrap } from '../statistics/bootstrap.ts';
import { macroF1 } from '../statistics/macro-f1.ts';
import { quantile } from '../statistics/quantile.ts';
import { spearman } from '../statistics/rank-correlation.ts';
import { ratioOfSums, studentQuantile } from '../statistics/ratio-of-sums.ts';
import type { Scores } from './scores.ts';

/** The scores of a model that always agrees with the base: the base itself, where it is what is compared with. */
export const perfect = ({ second }: Scores): Scores => ({ first: second, second });

/** The sum of a row's loss differences over its weights, as the upper end of their ratio. */
function meanHigh(differences: ArrayLike<number>, weights: ArrayLike<number>): number {
  const { value, standardError, rows } = ratioOfSums(differences, weights);
  return value + studentQuantile(rows - 1, z95OneSided) * standardError;
}

/**
 * The difference of two shares of the same rows: the adjusted Wald interval, for which one row is added that only the base
 * gets right and one that only the variant does (Bonett and Price 2012). It keeps its coverage where few rows differ, or
 * none. A row of several positions is one observation, and the added rows weigh as much as the mean row.
 */
function shareDropHigh(variant: Scores, base: Scores): number {
  const differences = Array.from(base.first, (hits, row) => hits - (variant.first[row] ?? 0));
  const weight = variant.second.reduce((sum, each) => sum + each, 0) / variant.second.length;
  return meanHigh([...differences, weight, -weight], [...variant.second, weight, weight]);
}

/** How much larger the sum of the variant's errors is than that of the base, as a share of it. */
function relativeDropHigh(variant: Scores, base: Scores): number {
  return meanHigh(variant.first, base.first) - 1;
}

/**
 * What the drop of the variant against the base is below with 95% certainty, from the scores of both on the same rows: in
 * points for bounded metrics, else as a share of the value of the base. The rows are paired, so that what is hard for
 * both widens nothing. Undefined where it can't be told: with other rows, or a base whose errors are all zero.
 */
export function dropHigh(metric: QualityMetric, variant: Scores, base: Scores): number | undefined {
  if (variant.first.length !== base.first.length || variant.first.length < 2) return undefined;
  const high = bound(metric, variant, base);
  return Number.isFinite(high) ? high : undefined;
}

function bound(metric: QualityMetric, variant: Scores, base: Scores): number {
  const rows = variant.first.length;
  const resampled = (drop: (drawn: Int32Array) => number) => quantile(bootstrap(rows, drop), 0.95);
  switch (metric) {
    case 'Top1':
    case 'Top5':
    case 'Agreement':
      return shareDropHigh(variant, base);
    case 'F1':
      return resampled(
        (drawn) => macroF1(base.first, base.second, drawn) - macroF1(variant.first, variant.second, drawn),
      );
    case 'Spearman': {
      const pick = (values: Float32Array, drawn: Int32Array) => Float32Array.from(drawn, (row) => values[row] ?? 0);
      const r = (scores: Scores, drawn: Int32Array) => spearman(pick(scores.first, drawn), pick(scores.second, drawn));
      return resampled((drawn) => r(base, drawn) - r(variant, drawn));
    }
    case 'Cosine':
      return meanHigh(
        base.first.map((value, row) => value - (variant.first[row] ?? 0)),
        base.second,
      );
    case 'Perplexity':
      return Math.expm1(
        meanHigh(
          variant.first.map((value, row) => value - (base.first[row] ?? 0)),
          base.second,
        ),
      );
    case 'MSE':
    case 'MAE':
      return relativeDropHigh(variant, base);
    case 'Command':
      return Number.NaN;
  }
}
