import type { Quality, QualityMetric } from '../../api/variant.ts';
import { type Interval, wilson, z95 } from '../statistics/binomial.ts';
import { bootstrap } from '../statistics/bootstrap.ts';
import { macroF1 } from '../statistics/macro-f1.ts';
import { quantile } from '../statistics/quantile.ts';
import { spearman, spearmanInterval } from '../statistics/rank-correlation.ts';
import { ratioOfSums, studentQuantile } from '../statistics/ratio-of-sums.ts';
import type { Scores } from './scores.ts';

export type Estimate = Pick<Quality, 'value' | 'low' | 'high' | 'samples'>;

/** Below this many rows (pairs, for Spearman) there is no interval. */
export const fewestRows = (metric: QualityMetric): number => (metric === 'Spearman' ? 4 : 2);

/**
 * The 95% interval of a share by Wilson's, over as many trials as would spread as much: positions of one row go right and
 * wrong together (Korn and Graubard 1998). With one position a row it is Wilson's own.
 */
function shareInterval({ second }: Scores, value: number, standardError: number, rows: number): Interval {
  const positions = second.reduce((sum, weight) => sum + weight, 0);
  if (positions === rows) return wilson(value * rows, rows);
  const spread = standardError > 0 ? (value * (1 - value)) / standardError ** 2 : rows;
  const trials = Math.min(spread, positions);
  return wilson(value * trials, trials);
}

function ratio(metric: QualityMetric, scores: Scores): Estimate {
  const { value, standardError, rows } = ratioOfSums(scores.first, scores.second);
  const half = studentQuantile(rows - 1, z95) * standardError;
  const samples = rows;
  if (metric === 'Top1' || metric === 'Top5' || metric === 'Agreement') {
    return { value, ...shareInterval(scores, value, standardError, rows), samples };
  }
  if (metric === 'Perplexity') {
    return { value: Math.exp(value), low: Math.exp(value - half), high: Math.exp(value + half), samples };
  }
  if (metric === 'Cosine') return { value, low: Math.max(-1, value - half), high: Math.min(1, value + half), samples };
  return { value, low: Math.max(0, value - half), high: value + half, samples };
}

/**
 * What the scores of the rows come to, with a 95% interval: Wilson's for shares, Student's t of the rows' losses for
 * means (its exponential for perplexity, rows being independent and the tokens of a row not), Fisher's z for Spearman, a
 * bootstrap over rows for F1. Not finite where the scores are not.
 */
export function estimate(metric: QualityMetric, scores: Scores): Estimate {
  const { first, second } = scores;
  if (metric === 'Spearman') {
    const value = spearman(first, second);
    return { value, ...spearmanInterval(value, first.length), samples: first.length };
  }
  if (metric === 'F1') {
    const draws = bootstrap(first.length, (rows) => macroF1(first, second, rows));
    const interval = { low: quantile(draws, 0.025), high: quantile(draws, 0.975) };
    return { value: macroF1(first, second), ...interval, samples: first.length };
  }
  return ratio(metric, scores);
}
