import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { hypervolume } from '../pareto.ts';
import { Directions } from './directions.ts';
import { area, expectedImprovement, improvement, staircase } from './improvement.ts';
import { expectedBelow, unwarped, warped, warpOf } from './warp.ts';

const coordinate = fc.double({ min: 0.1, max: 12, noNaN: true });
const point = fc.tuple(coordinate, coordinate);
const points = fc.array(point, { maxLength: 12 });
const reference = [10, 10] as const;
const near = (a: number, b: number, tolerance: number) => assert.ok(Math.abs(a - b) <= tolerance, `${a} and ${b}`);

/** The mean of a function of a standard normal number, by its middle values of 4,000 slices. */
function mean(of: (z: number) => number): number {
  const [slices, width] = [4000, 16 / 4000];
  let sum = 0;
  for (let i = 0; i < slices; i++) {
    const z = -8 + (i + 0.5) * width;
    sum += (of(z) * width * Math.exp(-0.5 * z * z)) / Math.sqrt(2 * Math.PI);
  }
  return sum;
}

describe('hypervolume gained', () => {
  test('the stairs have the area that the points dominate, and a point adds what it makes of the area', () => {
    fc.assert(
      fc.property(points, point, (all, one) => {
        const stairs = staircase(all, reference);
        near(area(stairs), hypervolume(all, reference), 1e-9);
        const added = hypervolume([...all, one], reference) - hypervolume(all, reference);
        near(improvement(stairs, ...one), added, 1e-9);
      }),
    );
  });

  test('what a value that is normal on a scale is expected to be below a bound agrees with its integral', () => {
    fc.assert(
      fc.property(
        coordinate,
        point,
        fc.constantFrom(0, 0.5, 1),
        fc.double({ min: 0.05, max: 0.6, noNaN: true }),
        (c, [m, s], power, d) => {
          const warp = warpOf([m, s, m + s], power as 0 | 0.5 | 1);
          const place = warped(warp, m);
          const expected = mean((z) => Math.max(0, c - unwarped(warp, place + d * z)));
          near(expectedBelow(warp, c, place, d), expected, 2e-3 * (1 + expected));
        },
      ),
      { numRuns: 40 },
    );
  });

  test('a candidate that is certain is expected to add what it adds', () => {
    const warp = { power: 1 as const, centre: 0, scale: 1, bonus: 0 };
    fc.assert(
      fc.property(points, point, (all, [x, y]) => {
        const stairs = staircase(all, reference);
        const belief = (value: number) => ({ warp, mean: value, deviation: 1e-9 });
        near(expectedImprovement(stairs, belief(x), belief(y)), improvement(stairs, x, y), 1e-5);
      }),
    );
  });

  test('directions come to about the exact volume, of three objectives too, and a worse point adds nothing', () => {
    const front = [2, 4, 6, 8].map((x) => [x, 10 - x]);
    const exact = area(staircase(front, reference));
    near(new Directions(front, reference).volume(), exact, 0.15 * exact);
    const cube = new Directions([[5, 5, 5]], [10, 10, 10]);
    near(cube.volume(), 125, 25);
    assert.equal(cube.improvement([6, 6, 6]), 0);
    assert.ok(cube.improvement([4, 4, 4]) > 0);
    near(new Directions([[3]], [10]).volume(), 7, 1e-9);
  });
});
