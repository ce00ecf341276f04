import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import type { CumulativeHistogram } from '../../../src/core/statistics/histogram.ts';

/** Requests a second, averaged over a day. */
const meanRate = 50;
/** From 25 a second at night to 75 in the afternoon. */
const diurnalSwing = 0.5;
/** A burst multiplies the rate; both states last exponentially long (Markov-modulated Poisson process). */
const burstFactor = 2;
const burstSeconds = 20;
const calmSeconds = 400;
const secondsPerDay = 86_400;
/** What HTTP and the network add to each request, unseen by a trial. */
const overheadMs = 0.8;
/** Now and then everything is half as slow again for one to five seconds: no drift, and not to be taken for one. */
const hiccupFactor = 1.5;
const hiccupEverySeconds = 600;

const exponential = (random: RandomGenerator) => -Math.log(1 - uniformFloat64(random));

/**
 * Service times in milliseconds: lognormal around 6 ms, and one in fifty runs takes two to four times as long, as with
 * garbage collection or a neighbour. A table of so many draws is the distribution.
 */
export function serviceTimes(random: RandomGenerator, count: number): Float64Array {
  return Float64Array.from({ length: count }, () => {
    const normal = Math.sqrt(2 * exponential(random)) * Math.cos(2 * Math.PI * uniformFloat64(random));
    const slow = uniformFloat64(random) < 0.02 ? 2 + 2 * uniformFloat64(random) : 1;
    return 6 * Math.exp(0.3 * normal) * slow;
  });
}

/** One replica behind a queue of unlimited length. Plain data: a copy lives on by itself. */
export interface Replica {
  random: RandomGenerator;
  clockMs: number;
  /** Work that waits or runs, in milliseconds, when the clock stands at clockMs. */
  backlogMs: number;
  bursting: boolean;
  stateEndsMs: number;
  hiccupStartsMs: number;
  hiccupEndsMs: number;
}

export const aReplica = (seed: number): Replica => ({
  random: xoroshiro128plus(seed),
  clockMs: 0,
  backlogMs: 0,
  bursting: false,
  stateEndsMs: calmSeconds * 1000,
  hiccupStartsMs: hiccupEverySeconds * 1000,
  hiccupEndsMs: hiccupEverySeconds * 1000 + 3000,
});

export const copy = (replica: Replica): Replica => ({ ...replica, random: replica.random.clone() });

const rateAt = ({ clockMs, bursting }: Replica) =>
  meanRate *
  (1 + diurnalSwing * Math.sin((2 * Math.PI * clockMs) / 1000 / secondsPerDay)) *
  (bursting ? burstFactor : 1);

/**
 * Lets a replica serve until `untilMs` (Lindley's recursion) and counts what finished in the buckets of a reader. A
 * request counts in the interval that it arrives in.
 */
export function serve(
  replica: Replica,
  untilMs: number,
  { service, slowed }: { service: Float64Array; slowed: (serviceMs: number) => number },
  bounds: number[],
): CumulativeHistogram {
  const counts = new Array<number>(bounds.length).fill(0);
  const { random } = replica;
  while (replica.clockMs < untilMs) {
    const endMs = Math.min(untilMs, replica.stateEndsMs);
    // Rates change slowly within an interval: the gap is drawn anew whenever the state or the interval ends.
    const gapMs = (exponential(random) / rateAt(replica)) * 1000;
    const passedMs = Math.min(gapMs, endMs - replica.clockMs);
    replica.clockMs += passedMs;
    replica.backlogMs = Math.max(0, replica.backlogMs - passedMs);
    if (replica.clockMs >= replica.stateEndsMs) {
      replica.bursting = !replica.bursting;
      replica.stateEndsMs += exponential(random) * 1000 * (replica.bursting ? burstSeconds : calmSeconds);
    }
    if (passedMs < gapMs) continue;
    if (replica.clockMs > replica.hiccupEndsMs) {
      replica.hiccupStartsMs = replica.clockMs + exponential(random) * 1000 * hiccupEverySeconds;
      replica.hiccupEndsMs = replica.hiccupStartsMs + 1000 + 4000 * uniformFloat64(random);
    }
    const factor = replica.clockMs > replica.hiccupStartsMs ? hiccupFactor : 1;
    replica.backlogMs += factor * slowed(service[Math.floor(uniformFloat64(random) * service.length)] ?? 0);
    const latencyMs = replica.backlogMs + overheadMs;
    let low = 0;
    let high = bounds.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (latencyMs <= (bounds[middle] ?? 0)) high = middle;
      else low = middle + 1;
    }
    counts[low] = (counts[low] ?? 0) + 1;
  }
  for (let i = 1; i < counts.length; i++) counts[i] = (counts[i] ?? 0) + (counts[i - 1] ?? 0);
  return { bounds, counts };
}
