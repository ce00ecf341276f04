import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** Row numbers looked at in all resamples together; fewer resamples of more rows keep the time bounded. */
const budget = 20_000_000;
const [fewest, most] = [200, 500] as const;

/**
 * A statistic of `rows` rows drawn anew with replacement, again and again, in ascending order (Efron 1979). The same seed
 * draws the same rows, so two statistics bootstrapped alike are paired. Draws whose statistic is NaN are left out.
 */
export function bootstrap(rows: number, statistic: (drawn: Int32Array) => number, seed = 1): Float64Array {
  const random = xoroshiro128plus(seed);
  const count = Math.max(fewest, Math.min(most, Math.floor(budget / rows)));
  const drawn = new Int32Array(rows);
  const values = Float64Array.from({ length: count }, () => {
    for (let i = 0; i < rows; i++) drawn[i] = uniformInt(random, 0, rows - 1);
    return statistic(drawn);
  });
  return values.filter((value) => !Number.isNaN(value)).sort();
}
