import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { LoadPoint } from '../../api/trial.ts';
import { quantile } from './quantile.ts';

const arrivals = 20_000;
/** Shares of the rate at which one replica is busy all the time. */
const utilisations = [0.1, 0.3, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95];

/**
 * The time in system at one rate, ascending: open-loop Poisson arrivals at a single server that takes the measured service
 * times, by Lindley's recursion (Lindley 1952). Requests that arrive while others wait count their waiting: nothing is
 * omitted.
 */
function timesAtRate(serviceMs: ArrayLike<number>, ratePerSecond: number, seed: number): Float64Array {
  const random = xoroshiro128plus(seed);
  const times = new Float64Array(arrivals);
  let waitMs = 0;
  for (let i = 0; i < arrivals; i++) {
    const service = serviceMs[uniformInt(random, 0, serviceMs.length - 1)] ?? 0;
    times[i] = waitMs + service;
    const gapMs = (-Math.log(1 - uniformFloat64(random)) / ratePerSecond) * 1000;
    waitMs = Math.max(0, waitMs + service - gapMs);
  }
  return times.sort();
}

/** p99 of the time in system at one rate. */
export const tailAtRate = (serviceMs: ArrayLike<number>, ratePerSecond: number, seed: number): number =>
  quantile(timesAtRate(serviceMs, ratePerSecond, seed), 0.99);

/** Median and tail at rising rates, up to close by saturation. Throws RangeError without samples. */
export function loadCurve(serviceMs: ArrayLike<number>, seed = 1): LoadPoint[] {
  if (serviceMs.length === 0) throw new RangeError('a load curve needs samples');
  const meanMs = Array.from(serviceMs).reduce((sum, value) => sum + value, 0) / serviceMs.length;
  return utilisations.map((share) => {
    const ratePerSecond = (share * 1000) / meanMs;
    const times = timesAtRate(serviceMs, ratePerSecond, seed);
    return { ratePerSecond, p50Ms: quantile(times, 0.5), p99Ms: quantile(times, 0.99) };
  });
}
