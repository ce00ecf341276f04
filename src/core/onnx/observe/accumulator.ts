import { Matrix } from 'ml-matrix';
import { ModelError } from '../model.ts';
import { type Bounds, type Moments, momentsKey, Observations, type Range, type Spread } from './observations.ts';
import type { Probe } from './observing-model.ts';

interface Sums {
  count: number;
  sum: Float64Array;
  second: Float64Array;
}

type Outputs = Readonly<Record<string, { data: ArrayLike<number | bigint> }>>;

function addTo(sums: Float64Array, values: ArrayLike<number | bigint>): void {
  for (let i = 0; i < sums.length; i++) sums[i] = (sums[i] ?? 0) + Number(values[i] ?? 0);
}

/** Adds up what runs of an observing model return, batch by batch, in double precision. */
export class Accumulator {
  readonly #probes: readonly Probe[];
  readonly #ranges = new Map<string, Range>();
  readonly #sums = new Map<string, Sums>();
  readonly #squares = new Map<string, Sums>();
  readonly #bounds = new Map<string, Bounds>();

  constructor(probes: readonly Probe[]) {
    this.#probes = probes;
  }

  /** Takes the outputs of one batch. Throws ModelError when a value is not finite. */
  add(outputs: Outputs): void {
    for (const { need, outputs: names } of this.#probes) {
      const found = names.map((name) => outputs[name]?.data ?? []);
      if (need.kind === 'range') this.#addRange(need.tensor, Number(found[0]?.[0]), Number(found[1]?.[0]));
      else if (need.kind === 'bounds') this.#addBounds(need.tensor, momentsKey(need.tensor, need.axis), found);
      else
        this.#addSums(need.kind === 'moments' ? this.#sums : this.#squares, momentsKey(need.tensor, need.axis), found);
    }
  }

  #addRange(tensor: string, least: number, greatest: number): void {
    if (!Number.isFinite(least) || !Number.isFinite(greatest)) {
      throw new ModelError(`"${tensor}" is not finite on the calibration inputs`);
    }
    const { min, max } = this.#ranges.get(tensor) ?? { min: least, max: greatest };
    this.#ranges.set(tensor, { min: Math.min(min, least), max: Math.max(max, greatest) });
  }

  #addBounds(tensor: string, key: string, [least = [], greatest = []]: ArrayLike<number | bigint>[]): void {
    const [min, max] = [least, greatest].map((values) => Float64Array.from<number | bigint>(values, Number));
    if (!min?.every(Number.isFinite) || !max?.every(Number.isFinite)) {
      throw new ModelError(`"${tensor}" is not finite on the calibration inputs`);
    }
    const before = this.#bounds.get(key) ?? { min, max };
    this.#bounds.set(key, {
      min: min.map((value, c) => Math.min(value, before.min[c] ?? value)),
      max: max.map((value, c) => Math.max(value, before.max[c] ?? value)),
    });
  }

  #addSums(to: Map<string, Sums>, key: string, found: ArrayLike<number | bigint>[]): void {
    const [shape = [], sum = [], second = []] = found;
    const sums = to.get(key) ?? {
      count: 0,
      sum: new Float64Array(sum.length),
      second: new Float64Array(second.length),
    };
    const elements = Array.from(shape, Number).reduce((product, size) => product * size, 1);
    sums.count += elements / sum.length;
    addTo(sums.sum, sum);
    addTo(sums.second, second);
    to.set(key, sums);
  }

  finish(): Observations {
    const moments = new Map<string, Moments>();
    for (const [key, { count, sum, second }] of this.#sums) {
      const size = sum.length;
      const matrix = Matrix.from1DArray(size, size, second).div(count);
      moments.set(key, { count, mean: sum.map((value) => value / count), second: matrix });
    }
    const spreads = new Map<string, Spread>();
    for (const [key, { count, sum, second }] of this.#squares) {
      const mean = sum.map((value) => value / count);
      spreads.set(key, { mean, variance: second.map((value, c) => Math.max(0, value / count - (mean[c] ?? 0) ** 2)) });
    }
    return new Observations(this.#ranges, moments, spreads, this.#bounds);
  }
}
