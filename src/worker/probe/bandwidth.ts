import type { Abilities, HardwareFacts } from '../../api/hardware-profile.ts';
import { triadOf } from './triad.ts';

type Caches = HardwareFacts['cacheBytes'];

/** Arrays that fit a cache leave some of it to everything else. */
const share = 0.75;
/** STREAM asks for arrays of at least four times the last cache; beyond this they would not fit a probe's memory. */
const [timesCache, leastBytes, mostBytes] = [4, 32 * 2 ** 20, 96 * 2 ** 20];
/** So many bytes are moved for one figure, and it is the best of some: interruptions only ever take time. */
const [movedBytes, rounds] = [150e6, 5];

/** Bytes moved in a second, in 10^9, by a triad over three arrays of `bytes` together (McCalpin 1995, STREAM). */
function triadGBps(bytes: number, clock: () => number): number {
  const { a, run } = triadOf(Math.floor(bytes / 24));
  const moved = 24 * a.length;
  const times = Math.max(1, Math.round(movedBytes / moved));
  let best = Number.POSITIVE_INFINITY;
  run(1);
  for (let round = 0; round < rounds; round++) {
    const started = clock();
    for (let i = 0; i < times; i++) run(i);
    best = Math.min(best, (clock() - started) / times);
  }
  return moved / best / 1e6;
}

/** The bandwidth of each cache that there is, and of memory. `clock` in milliseconds. */
export function bandwidth({ l1d, l2, l3 }: Caches, clock: () => number): Abilities['bandwidthGBps'] {
  const large = 3 * Math.max(leastBytes, Math.min(mostBytes, timesCache * (l3 ?? l2 ?? 0)));
  const within = (bytes: number | undefined) => (bytes ? triadGBps(share * bytes, clock) : undefined);
  return { l1: within(l1d), l2: within(l2), l3: within(l3), memory: triadGBps(large, clock) };
}
