import type { Forecast, Known } from './forecast.ts';
import { hypervolume } from './pareto.ts';

/**
 * The variants that are worth measuring here next, by their places in `known`: those that should add most to what is
 * dominated by quality and latency, one after the other, until none should add anything. `corner` is the latency and the
 * loss beyond which nothing counts.
 */
export function worthMeasuring(
  known: readonly Known[],
  expected: readonly (Forecast | undefined)[],
  corner: readonly [number, number],
  count: number,
): number[] {
  const points = known.flatMap(({ hereMs, loss }): [number, number][] => (hereMs ? [[hereMs, loss]] : []));
  const left = new Set(known.keys().filter((i) => known[i]?.hereMs === undefined && expected[i] !== undefined));
  const chosen: number[] = [];
  while (chosen.length < count) {
    const present = hypervolume(points, corner);
    const gains = [...left].map((i) => {
      const point: [number, number] = [expected[i]?.ms ?? 0, known[i]?.loss ?? 0];
      return { i, point, gain: hypervolume([...points, point], corner) - present };
    });
    const best = gains.reduce<(typeof gains)[0] | undefined>((a, b) => (a && a.gain >= b.gain ? a : b), undefined);
    if (!best || best.gain <= 0) break;
    chosen.push(best.i);
    points.push(best.point);
    left.delete(best.i);
  }
  return chosen;
}

/** Measured variants without which no forecast is trusted to take a measurement's place. */
const fewestToSkip = 12;

/**
 * The variants that need not be measured here, by their places in `known`: another that was is at least as accurate, and
 * took less than 95 in 100 of their measurements should. A forecast takes the place of a measurement only where it says
 * that nothing is to be gained.
 */
export function notWorthMeasuring(known: readonly Known[], expected: readonly (Forecast | undefined)[]): number[] {
  const measured = known.filter(({ hereMs }) => hereMs !== undefined);
  if (measured.length < fewestToSkip) return [];
  return [...known.keys()].filter((i) => {
    const [one, forecast] = [known[i], expected[i]];
    if (!one || !forecast || one.hereMs !== undefined) return false;
    return measured.some(({ hereMs = 0, loss }) => loss <= one.loss && hereMs <= forecast.lowMs);
  });
}
