import { expectedBelow, type Warp } from './warp.ts';

/** What a surrogate says of one objective of one candidate, on the warped scale. */
export interface Belief {
  warp: Warp;
  mean: number;
  deviation: number;
}

/** The steps of a front of two objectives below a reference: ascending in the first, descending in the second. */
export interface Staircase {
  xs: readonly number[];
  ys: readonly number[];
  reference: readonly [number, number];
}

export function staircase(points: readonly (readonly number[])[], reference: readonly [number, number]): Staircase {
  const inside = points
    .filter(([x = 0, y = 0]) => x < reference[0] && y < reference[1])
    .toSorted(([a = 0, b = 0], [c = 0, d = 0]) => a - c || b - d);
  const [xs, ys]: [number[], number[]] = [[], []];
  for (const [x = 0, y = 0] of inside) {
    if (y >= (ys.at(-1) ?? reference[1])) continue;
    xs.push(x);
    ys.push(y);
  }
  return { xs, ys, reference };
}

/** The area that a point adds to what the stairs dominate. */
export function improvement({ xs, ys, reference }: Staircase, x: number, y: number): number {
  let area = 0;
  for (let i = 0; i <= xs.length; i++) {
    const right = i < xs.length ? (xs[i] as number) : reference[0];
    if (right <= x) continue;
    const ceiling = i === 0 ? reference[1] : (ys[i - 1] as number);
    if (y >= ceiling) break;
    const left = i === 0 ? x : Math.max(x, xs[i - 1] as number);
    area += (right - left) * (ceiling - y);
  }
  return area;
}

/**
 * The expected area that a candidate adds, its two objectives independent: a sum over the strips between the steps of
 * the expected width times the expected height (Emmerich, Deutz and Klinkenberg 2011).
 */
export function expectedImprovement({ xs, ys, reference }: Staircase, first: Belief, second: Belief): number {
  let sum = 0;
  let before = 0;
  for (let i = 0; i <= xs.length; i++) {
    const right = i < xs.length ? (xs[i] as number) : reference[0];
    const reach = expectedBelow(first.warp, right, first.mean, first.deviation);
    const ceiling = i === 0 ? reference[1] : (ys[i - 1] as number);
    if (reach > before) sum += (reach - before) * expectedBelow(second.warp, ceiling, second.mean, second.deviation);
    before = reach;
  }
  return sum;
}

/** The area that the stairs dominate. */
export const area = ({ xs, ys, reference }: Staircase): number =>
  xs.reduce(
    (sum, x, i) => sum + (reference[0] - x) * ((i === 0 ? reference[1] : (ys[i - 1] as number)) - (ys[i] as number)),
    0,
  );
