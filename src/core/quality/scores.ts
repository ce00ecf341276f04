/**
 * What judging keeps of each row: two numbers, so that outputs themselves need not be held. Most metrics are a ratio of
 * sums, and the pair is what a row adds to both: its correct positions and all of them (Top1, Top5, Agreement), its
 * squared or absolute error and its elements (MSE, MAE), its negative log-likelihood and its tokens (Perplexity), its
 * cosine and 1 (Cosine). For F1 it is the predicted class and the label, for Spearman the cosine of a pair and what
 * people say of it.
 */
export interface Scores {
  first: Float32Array;
  second: Float32Array;
}

/** What one row is worth to a metric. */
export type Score = readonly [first: number, second: number];

/** A part of a longer array. */
export interface Slice {
  values: ArrayLike<number>;
  at: number;
  length: number;
}

/** The index of the largest value, the first of equal ones; -1 where one is NaN, which is no answer. */
export function argmax({ values, at, length }: Slice): number {
  let best = 0;
  for (let c = 0; c < length; c++) {
    const value = values[at + c] ?? 0;
    if (Number.isNaN(value)) return -1;
    if (value > (values[at + best] ?? 0)) best = c;
  }
  return best;
}

/** How many classes come before `label` when they are sorted by value, the first of equal ones first; NaN beats all. */
export function rankOf({ values, at, length }: Slice, label: number): number {
  const own = values[at + label] ?? Number.NaN;
  if (Number.isNaN(own)) return length;
  let before = 0;
  for (let c = 0; c < length; c++) {
    const value = values[at + c] ?? 0;
    if (value > own || (value === own && c < label) || Number.isNaN(value)) before++;
  }
  return before;
}

/** Minus the log of the softmax at `label`, by the shifted log-sum-exp. */
export function negativeLogLikelihood({ values, at, length }: Slice, label: number): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (let c = 0; c < length; c++) largest = Math.max(largest, values[at + c] ?? 0);
  let sum = 0;
  for (let c = 0; c < length; c++) sum += Math.exp((values[at + c] ?? 0) - largest);
  return largest + Math.log(sum) - (values[at + label] ?? 0);
}

/** The cosine of the angle between two vectors of the same length; 1 of two zero vectors, 0 of one. */
export function cosine(a: Slice, b: Slice): number {
  let [dot, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a.values[a.at + i] ?? 0, b.values[b.at + i] ?? 0];
    dot += x * y;
    aa += x * x;
    bb += y * y;
  }
  if (aa === 0 && bb === 0) return 1;
  return aa === 0 || bb === 0 ? 0 : Math.max(-1, Math.min(1, dot / Math.sqrt(aa * bb)));
}

/** The sum of |a - b| to a power, 1 or 2. */
export function distance(a: Slice, b: Slice, power: 1 | 2): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = (a.values[a.at + i] ?? 0) - (b.values[b.at + i] ?? 0);
    sum += power === 1 ? Math.abs(difference) : difference * difference;
  }
  return sum;
}
