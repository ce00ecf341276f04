import type { Moments } from '../../observe/observations.ts';

/**
 * How errors of earlier inputs' weights are made up for by later ones. With the covariance C of a layer's inputs, the
 * mean squared error of its output is (w−q)ᵀ C (w−q) for each column w of its weights: C = M Mᵀ with M upper triangular
 * makes it Σₖ (Mₖₖ · (tₖ − qₖ))², where tₖ = wₖ + Σ_{j<k} (Mⱼₖ / Mₖₖ) · (wⱼ − qⱼ). So each weight in turn is rounded not
 * from what it was, but from t: GPTQ (Frantar et al. 2023) without its inverse.
 */
export interface Compensation {
  size: number;
  /** Mⱼₖ / Mₖₖ at [j · size + k], for j < k. */
  shares: Float64Array;
  /** Mₖₖ². */
  costs: Float64Array;
}

/** Added to the diagonal, as a share of its mean: few calibration rows say little of rare directions. */
const damping = 0.01;

export function compensationOf({ mean, second }: Moments): Compensation {
  const size = mean.length;
  const m = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    const row = second.getRow(i);
    for (let j = i; j < size; j++) m[i * size + j] = (row[j] as number) - (mean[i] as number) * (mean[j] as number);
  }
  let trace = 0;
  for (let i = 0; i < size; i++) trace += Math.max(0, m[i * size + i] as number);
  const extra = (damping * trace) / size || 1;
  const costs = new Float64Array(size);
  // Cholesky from the last row up; rows are run through as they lie in memory.
  for (let j = size - 1; j >= 0; j--) {
    const row = j * size;
    for (let i = 0; i <= j; i++) {
      const other = i * size;
      let sum = m[other + j] as number;
      for (let p = j + 1; p < size; p++) sum -= (m[other + p] as number) * (m[row + p] as number);
      m[other + j] = sum;
    }
    const diagonal = Math.sqrt(Math.max(m[row + j] as number, 0) + extra);
    for (let i = 0; i < j; i++) m[i * size + j] = (m[i * size + j] as number) / diagonal;
    m[row + j] = diagonal;
    costs[j] = diagonal * diagonal;
  }
  for (let i = 0; i < size; i++) {
    for (let k = i + 1; k < size; k++) m[i * size + k] = (m[i * size + k] as number) / (m[k * size + k] as number);
  }
  return { size, shares: m, costs };
}

/** Works each compensation out once: layers that read one tensor have the same moments. */
export function compensations(): (moments: Moments) => Compensation {
  const known = new Map<Moments, Compensation>();
  return (moments) => {
    const made = known.get(moments) ?? compensationOf(moments);
    known.set(moments, made);
    return made;
  };
}
