import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { table } from '../../linear-algebra/table.ts';
import type { Candidates } from './candidates.ts';

/** Simulated devices that run simulated networks: a made-up world for tests, the same for the same seed. */
export interface World {
  candidates: Candidates;
  groups: number[];
  /** What a further device measures of each candidate. */
  targetMs: Float64Array;
}

const [positions, operators] = [8, 5];

/**
 * Networks of eight layers with one of five operators each, one-hot. A device takes of each operator its work, its bytes
 * and a launch, at rates of its own, better at some operators than at others; measurements scatter by its own noise.
 */
export function simulate(seed: number, { rows = 400, sources = 6 } = {}): World {
  const random = xoroshiro128plus(seed);
  const between = (low: number, high: number) => low + uniformFloat64(random) * (high - low);
  const normal = () => Math.sqrt(-2 * Math.log(between(1e-12, 1))) * Math.cos(2 * Math.PI * uniformFloat64(random));
  const kinds = Array.from({ length: operators }, () => [between(0, 4), between(0, 2)] as const);
  const chosen = Array.from({ length: rows }, () =>
    Array.from({ length: positions }, () => uniformInt(random, 0, operators - 1)),
  );
  const features = table(rows, positions * operators);
  chosen.forEach((network, i) => {
    network.forEach((kind, position) => {
      features.values[i * features.columns + position * operators + kind] = 1;
    });
  });
  const device = () => {
    const [perWork, perByte, launch, noise] = [between(0.1, 1), between(0.1, 1), between(0, 0.5), between(0.01, 0.05)];
    const taste = kinds.map(() => Math.exp(0.2 * normal()));
    const cost = (kind: number, position: number) => {
      const [work, bytes] = kinds[kind] ?? [0, 0];
      return launch + (taste[kind] ?? 1) * (perWork * work + (perByte * bytes) / (1 + position / 4));
    };
    return chosen.map((network) => {
      const ms = network.reduce((sum, kind, position) => sum + cost(kind, position), 1);
      return ms * Math.exp(noise * normal());
    });
  };
  const measured = Array.from({ length: sources }, device);
  const values = Float64Array.from({ length: rows * sources }, (_, at) => {
    return measured[at % sources]?.[Math.floor(at / sources)] ?? Number.NaN;
  });
  return {
    candidates: { features, sources: { rows, columns: sources, values } },
    groups: Array.from({ length: features.columns }, (_, feature) => feature % operators),
    targetMs: Float64Array.from(device()),
  };
}

/** The same with other sources. */
export const withSources = (
  { features, sources }: Candidates,
  change: (ms: number, j: number) => number,
): Candidates => ({
  features,
  sources: { ...sources, values: sources.values.map((ms, at) => change(ms, at % sources.columns)) },
});
