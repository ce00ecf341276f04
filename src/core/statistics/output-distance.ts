/** How far the outputs of one model are from those of another on a few rows: the cheapest sign of what a change costs. */
export interface OutputDistance {
  /** |a - b| over |b|, both Euclidean norms over all rows; 0 for equal outputs, 1 for a model that answers zero. */
  relativeL2: number;
  /** Mean over rows of the Kullback-Leibler divergence from softmax(b), the base, to softmax(a), in nats. */
  klDivergence: number;
}

function logSoftmax(values: ArrayLike<number>, at: number, width: number): Float64Array {
  let largest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < width; i++) largest = Math.max(largest, values[at + i] ?? 0);
  let sum = 0;
  for (let i = 0; i < width; i++) sum += Math.exp((values[at + i] ?? 0) - largest);
  const shift = largest + Math.log(sum);
  return Float64Array.from({ length: width }, (_, i) => (values[at + i] ?? 0) - shift);
}

/**
 * The distance of `changed` from `base`, both row-major with `width` scores on the last axis. NaN or Infinity where an
 * output holds such; where the base is all zeros, `relativeL2` is 0 if the other is too, else Infinity. Throws RangeError
 * when the lengths differ or are no multiple of `width`.
 */
export function outputDistance(changed: ArrayLike<number>, base: ArrayLike<number>, width: number): OutputDistance {
  if (changed.length !== base.length || width < 1 || base.length % width !== 0) {
    throw new RangeError(
      `outputs of ${changed.length} and ${base.length} numbers in rows of ${width} can't be compared`,
    );
  }
  let [apart, size] = [0, 0];
  for (let i = 0; i < base.length; i++) {
    apart += ((changed[i] ?? 0) - (base[i] ?? 0)) ** 2;
    size += (base[i] ?? 0) ** 2;
  }
  let divergence = 0;
  for (let at = 0; at < base.length; at += width) {
    const [p, q] = [logSoftmax(base, at, width), logSoftmax(changed, at, width)];
    for (let i = 0; i < width; i++) {
      const [logP = 0, logQ = 0] = [p[i], q[i]];
      // A class of probability zero adds nothing, by convention.
      if (logP !== Number.NEGATIVE_INFINITY) divergence += Math.exp(logP) * (logP - logQ);
    }
  }
  return {
    relativeL2: apart === 0 ? 0 : Math.sqrt(apart / size),
    klDivergence: base.length === 0 ? 0 : Math.max(0, divergence / (base.length / width)),
  };
}
