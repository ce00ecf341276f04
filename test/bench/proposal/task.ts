import type { Candidate } from '../../../src/api/candidate.ts';
import type { Space } from '../../../src/core/search/space.ts';

/** The size of space that an analysed model has: rewrites at several levels, precisions, threads. */
export const space: Space = {
  dimensions: Array.from({ length: 12 }, (_, i) => ({ name: `dimension${i}`, choices: [0, 20, 40, 60, 80, 100] })),
  precisions: ['FP32', 'FP16', 'INT8Static', 'INT8Dynamic'],
  engines: [1, 2].map((threads) => ({ threads, graphOptimization: 'All' as const })),
};

/** Loss and latency of a made-up model: what is taken away saves time and costs quality, each dimension its own. */
export function evaluate({ dimensions, precision, engine }: Candidate): [number, number] {
  const shares = space.dimensions.map(({ name }) => (dimensions[name] ?? 100) / 100);
  const loss = shares.reduce((sum, share, i) => sum + (0.02 + 0.002 * i) * (1 - share) ** 2, 0.02);
  const ms = shares.reduce((sum, share, i) => sum + (1 + ((7 * i) % 5)) * share, 2);
  const place = space.precisions.indexOf(precision);
  return [loss + 0.004 * place, (ms * (1 - 0.15 * place)) / Math.sqrt(engine.threads)];
}

/** As many different ones as asked for. */
export function made<T extends { candidate: Candidate }>(count: number, make: () => T): T[] {
  const all = new Map<string, T>();
  while (all.size < count) {
    const one = make();
    all.set(JSON.stringify(one.candidate), one);
  }
  return [...all.values()];
}
