import { dot } from '../../linear-algebra/cholesky.ts';

/** Columns that say the same kind of thing of a candidate and share one length scale. */
export interface FeatureGroup {
  /** A row of numbers for each candidate; all rows are equally long. */
  rows: readonly (readonly number[])[];
  /** Columns of different units: each is divided by its standard deviation first. */
  standardise?: boolean;
}

/**
 * What a surrogate knows of a pool of candidates. Rows are centred and scaled so that the mean squared distance of two
 * rows is 1 in every group. A group that doesn't vary is left out.
 */
export interface Features {
  count: number;
  groups: readonly { width: number; values: Float64Array; norms: Float64Array }[];
  /** Candidates of the same number are the same in a way that may decide an objective: one model, run differently. */
  kinds?: Int32Array;
}

function columnMoments(rows: readonly (readonly number[])[], width: number): { mean: number[]; variance: number[] } {
  const mean = Array.from({ length: width }, (_, j) => rows.reduce((sum, row) => sum + (row[j] ?? 0), 0) / rows.length);
  const variance = mean.map(
    (centre, j) => rows.reduce((sum, row) => sum + ((row[j] ?? 0) - centre) ** 2, 0) / rows.length,
  );
  return { mean, variance };
}

function scaled({ rows, standardise = false }: FeatureGroup): Features['groups'][number] | undefined {
  const width = rows[0]?.length ?? 0;
  const { mean, variance } = columnMoments(rows, width);
  const varying = variance.map((value) => value > 1e-12);
  const total = variance.reduce((sum, value, j) => sum + (varying[j] ? (standardise ? 1 : value) : 0), 0);
  if (!(total > 0)) return undefined;
  const factors = variance.map((value, j) => (varying[j] ? 1 / Math.sqrt(2 * total * (standardise ? value : 1)) : 0));
  const values = new Float64Array(rows.length * width);
  const norms = new Float64Array(rows.length);
  for (const [i, row] of rows.entries()) {
    for (let j = 0; j < width; j++) {
      const value = ((row[j] ?? 0) - (mean[j] ?? 0)) * (factors[j] ?? 0);
      values[i * width + j] = value;
      norms[i] = (norms[i] ?? 0) + value * value;
    }
  }
  return { width, values, norms };
}

/** The features of a pool: one row a candidate in each group, in the same order; equal `kinds` are of one kind. */
export function featuresOf(groups: readonly FeatureGroup[], kinds?: readonly string[]): Features {
  const numbers = new Map<string, number>();
  const numbered = kinds?.map((kind) => {
    const number = numbers.get(kind) ?? numbers.size;
    numbers.set(kind, number);
    return number;
  });
  return {
    count: groups[0]?.rows.length ?? 0,
    groups: groups.flatMap((group) => scaled(group) ?? []),
    ...(numbered && numbers.size < numbered.length && { kinds: Int32Array.from(numbered) }),
  };
}

/** The squared distances of row `of` from each of `others` in one group; a group that there isn't is 0. */
export function squaredDistances(
  { groups }: Features,
  group: number,
  of: number,
  others: ArrayLike<number>,
): Float32Array {
  const found = groups[group];
  const result = new Float32Array(others.length);
  if (!found) return result;
  const { width, values, norms } = found;
  const from = of * width;
  const own = norms[of] as number;
  for (let i = 0; i < result.length; i++) {
    const other = others[i] as number;
    const product = dot(values, from, values, other * width, width);
    result[i] = Math.max(0, own + (norms[other] as number) - 2 * product);
  }
  return result;
}
