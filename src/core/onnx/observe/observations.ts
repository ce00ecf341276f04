import type { Matrix } from 'ml-matrix';
import { ModelError } from '../model.ts';

/** Something to know of a tensor inside a model, over all calibration inputs. */
export type Need =
  | { kind: 'range'; tensor: string }
  /** Of the values along `axis` (the channels) at every other position. */
  | { kind: 'moments'; tensor: string; axis: number }
  /** Mean and variance of each channel alone: cheaper than moments where nothing is asked of pairs. */
  | { kind: 'spread'; tensor: string; axis: number }
  /** The smallest and the largest value of each channel: what a range for all of them is laid out by. */
  | { kind: 'bounds'; tensor: string; axis: number };

/** The smallest and largest value a tensor took over the calibration inputs; both are 0 where it was empty. */
export interface Range {
  min: number;
  max: number;
}

/** First and second moments about zero of the `C` channels of a tensor. */
export interface Moments {
  /** Positions seen: elements of the tensor by `C`. */
  count: number;
  /** E[x], `C` values. */
  mean: Float64Array;
  /** E[x xᵀ], `C` by `C`. */
  second: Matrix;
}

/** Mean and variance of each of the `C` channels of a tensor. */
export interface Spread {
  mean: Float64Array;
  variance: Float64Array;
}

/** The smallest and the largest value of each of the `C` channels of a tensor. */
export interface Bounds {
  min: Float64Array;
  max: Float64Array;
}

/** What was observed. Asking for what nobody needed is a mistake of the one who asks: ModelError. */
export class Observations {
  readonly #ranges: ReadonlyMap<string, Range>;
  readonly #moments: ReadonlyMap<string, Moments>;
  readonly #spreads: ReadonlyMap<string, Spread>;
  readonly #bounds: ReadonlyMap<string, Bounds>;

  constructor(
    ranges: ReadonlyMap<string, Range> = new Map(),
    moments: ReadonlyMap<string, Moments> = new Map(),
    spreads: ReadonlyMap<string, Spread> = new Map(),
    bounds: ReadonlyMap<string, Bounds> = new Map(),
  ) {
    this.#ranges = ranges;
    this.#moments = moments;
    this.#spreads = spreads;
    this.#bounds = bounds;
  }

  range(tensor: string): Range {
    return this.#ranges.get(tensor) ?? missing(`range of "${tensor}"`);
  }

  moments(tensor: string, axis: number): Moments {
    return this.#moments.get(momentsKey(tensor, axis)) ?? missing(`moments of "${tensor}" along axis ${axis}`);
  }

  spread(tensor: string, axis: number): Spread {
    return this.#spreads.get(momentsKey(tensor, axis)) ?? missing(`spread of "${tensor}" along axis ${axis}`);
  }

  bounds(tensor: string, axis: number): Bounds {
    return this.#bounds.get(momentsKey(tensor, axis)) ?? missing(`bounds of "${tensor}" along axis ${axis}`);
  }
}

/** Nothing was observed: enough for rewrites that only look at weights. */
export const nothing = new Observations();

export const momentsKey = (tensor: string, axis: number): string => `${tensor}#${axis}`;

function missing(what: string): never {
  throw new ModelError(`the ${what} was not observed: calibration inputs are needed`);
}
