import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';

/** What clients do, whatever serves them: the same requests for every policy. */
export interface Trace {
  name: string;
  seconds: number;
  /** Arrival times in milliseconds, ascending. */
  atMs: Float64Array;
  /** For each request two numbers in [0, 1): how hard it is, and where a router sends it. */
  hardness: Float64Array;
  route: Float64Array;
}

const exponential = (random: RandomGenerator, mean: number) => -Math.log(1 - uniformFloat64(random)) * mean;

/** Poisson arrivals whose rate in requests a second is constant within each second. */
export function arrivals(name: string, ratesPerSecond: ArrayLike<number>, seed: number): Trace {
  const random = xoroshiro128plus(seed);
  const atMs: number[] = [];
  for (let second = 0; second < ratesPerSecond.length; second++) {
    const meanMs = 1000 / (ratesPerSecond[second] || 1e-9);
    for (let t = exponential(random, meanMs); t < 1000; t += exponential(random, meanMs)) atMs.push(1000 * second + t);
  }
  const uniform = () => Float64Array.from(atMs, () => uniformFloat64(random));
  return { name, seconds: ratesPerSecond.length, atMs: Float64Array.from(atMs), hardness: uniform(), route: uniform() };
}

const rates = (seconds: number, rateAt: (second: number) => number) =>
  Float64Array.from({ length: seconds }, (_, s) => rateAt(s));

/** A day of 24 hours in two: twelve times steeper than a real one. Two humps, a quiet night, and 10% of slow noise. */
export function diurnal(unitPerSecond: number, seed: number): Trace {
  const seconds = 7200;
  const random = xoroshiro128plus(seed);
  const hump = (day: number, at: number, width: number) => Math.exp(-(((day - at) / width) ** 2));
  let noise = 0;
  return arrivals(
    'diurnal',
    rates(seconds, (second) => {
      const day = second / seconds;
      // An autoregressive wobble with a memory of a minute.
      noise += (-noise + 0.8 * (uniformFloat64(random) - 0.5)) / 60 + 0.02 * (uniformFloat64(random) - 0.5);
      return unitPerSecond * (0.25 + 1.1 * hump(day, 0.45, 0.12) + 1.75 * hump(day, 0.8, 0.09)) * (1 + noise);
    }),
    seed + 1,
  );
}

/** A Poisson process modulated by a Markov chain of two states: calm for four minutes, a burst of one, on average. */
export function bursty(unitPerSecond: number, seed: number): Trace {
  const random = xoroshiro128plus(seed);
  const states = [
    { rate: 0.5, meanSeconds: 240 },
    { rate: 1.8, meanSeconds: 60 },
  ] as const;
  let state: 0 | 1 = 0;
  let left = exponential(random, states[state].meanSeconds);
  return arrivals(
    'bursty',
    rates(3600, () => {
      if (--left <= 0) {
        state = state === 0 ? 1 : 0;
        left = exponential(random, states[state].meanSeconds);
      }
      return unitPerSecond * states[state].rate;
    }),
    seed + 1,
  );
}

/** Three times in an hour five times the usual load comes within half a minute, stays, and is gone in some minutes. */
export function flashCrowd(unitPerSecond: number, seed: number): Trace {
  const random = xoroshiro128plus(seed);
  const crowds = [600, 1700, 2800].map((at) => at + Math.floor(200 * uniformFloat64(random)));
  const crowd = (since: number) => {
    if (since < 0) return 0;
    if (since < 30) return since / 30;
    return since < 240 ? 1 : Math.exp(-(since - 240) / 90);
  };
  return arrivals(
    'flash-crowd',
    rates(3600, (second) => unitPerSecond * (0.5 + 2 * Math.max(...crowds.map((at) => crowd(second - at))))),
    seed + 1,
  );
}
