import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { Belief } from './improvement.ts';
import { unwarped } from './warp.ts';

const [directionCount, sampleCount] = [64, 24];

/** Two independent standard normal numbers (Box and Muller). */
function normals(uniform: () => number): [number, number] {
  const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
  const angle = 2 * Math.PI * uniform();
  return [radius * Math.cos(angle), radius * Math.sin(angle)];
}

const normalsOf = (uniform: () => number, count: number) =>
  Array.from({ length: Math.ceil(count / 2) }, () => normals(uniform))
    .flat()
    .slice(0, count);

/** π^(m/2) / (2^m Γ(m/2 + 1)): the volume of the part of the unit ball where all coordinates are positive. */
function orthant(m: number): number {
  const ball = m % 2 === 0 ? 1 : 2;
  let volume = ball;
  for (let k = m % 2 === 0 ? 2 : 3; k <= m; k += 2) volume *= (2 * Math.PI) / k;
  return volume / 2 ** m;
}

/**
 * The hypervolume of any number of objectives as a mean over directions from the reference (Zhang and Golovin 2020): in
 * each, how far the best point reaches. Directions and samples are always the same, so that candidates compare.
 */
export class Directions {
  readonly #reference: readonly number[];
  readonly #directions: number[][];
  readonly #samples: number[][];
  readonly #factor: number;
  /** What is reached in each direction, to the power of the number of objectives. */
  readonly #reached: Float64Array;

  constructor(points: readonly (readonly number[])[], reference: readonly number[]) {
    const m = reference.length;
    const random = xoroshiro128plus(20);
    const uniform = () => uniformFloat64(random);
    const ideal = reference.map((far, i) => Math.min(far, ...points.map((point) => point[i] ?? far)));
    const ranges = reference.map((far, i) => far - (ideal[i] as number) || Math.abs(far) || 1);
    this.#reference = reference;
    this.#directions = Array.from({ length: directionCount }, () => {
      const direction = normalsOf(uniform, m).map(Math.abs);
      const length = Math.hypot(...direction) || 1;
      return direction.map((value, i) => Math.max(1e-9, value / length) * (ranges[i] as number));
    });
    this.#samples = Array.from({ length: sampleCount }, () => normalsOf(uniform, m));
    this.#factor = (orthant(m) * ranges.reduce((product, range) => product * range, 1)) / directionCount;
    this.#reached = new Float64Array(directionCount);
    for (const point of points) {
      for (let d = 0; d < directionCount; d++) {
        this.#reached[d] = Math.max(this.#reached[d] as number, this.#reach(point, d));
      }
    }
  }

  #reach(point: readonly number[], d: number): number {
    const direction = this.#directions[d] as number[];
    let least = Number.POSITIVE_INFINITY;
    for (let i = 0; i < direction.length; i++) {
      least = Math.min(least, ((this.#reference[i] as number) - (point[i] as number)) / (direction[i] as number));
    }
    return Math.max(0, least) ** direction.length;
  }

  /** The volume that the points dominate. */
  volume(): number {
    return this.#factor * this.#reached.reduce((sum, reach) => sum + reach, 0);
  }

  /** The volume that a point adds. */
  improvement(point: readonly number[]): number {
    let sum = 0;
    for (let d = 0; d < directionCount; d++) {
      sum += Math.max(0, this.#reach(point, d) - (this.#reached[d] as number));
    }
    return this.#factor * sum;
  }

  /** The volume that a candidate is expected to add, its objectives independent. */
  expectedImprovement(beliefs: readonly Belief[]): number {
    const sum = this.#samples.reduce((total, sample) => {
      const point = beliefs.map(({ warp, mean, deviation }, i) => unwarped(warp, mean + deviation * (sample[i] ?? 0)));
      return total + this.improvement(point);
    }, 0);
    return sum / sampleCount;
  }
}
