import { cholesky, dot, solveRows } from '../../linear-algebra/cholesky.ts';
import { type Table, table } from '../../linear-algebra/table.ts';
import type { Candidates } from './candidates.ts';
import { type Scale, toScale } from './scale.ts';

/** Each source as a sum over features: what an operator costs there. */
export interface SourceModels {
  scale: Scale;
  /** Of each source: mean milliseconds, then mean and standard deviation on the scale. */
  centresMs: Float64Array;
  means: Float64Array;
  sds: Float64Array;
  /** Sources x features: cost of a feature in standard deviations of the source. */
  weights: Table;
  /** What the mean candidate of each source is charged: less that, a charge has the mean 0. */
  offsets: Float64Array;
}

/** The share of a source's variance that its features are taken to leave unexplained when its costs are shrunk. */
const unexplained = 0.1;

/** Milliseconds of source `j` in standard deviations; NaN stays NaN. */
export const standardised = (models: SourceModels, j: number, ms: number): number =>
  (toScale(models.scale, ms, models.centresMs[j] as number) - (models.means[j] as number)) / (models.sds[j] as number);

function columnMeans({ columns, values }: Table, rows: readonly number[]): Float64Array {
  const means = new Float64Array(columns);
  for (const i of rows)
    for (let k = 0; k < columns; k++)
      means[k] = (means[k] as number) + (values[i * columns + k] as number) / rows.length;
  return means;
}

/** The Gram matrix of the centred features over some rows; features are mostly zero, and zeros cost nothing. */
function gram({ columns, values }: Table, picked: readonly number[], means: Float64Array): Float64Array {
  const result = new Float64Array(columns * columns);
  const places = new Int32Array(columns);
  for (const row of picked) {
    let count = 0;
    for (let k = 0; k < columns; k++) if (values[row * columns + k] !== 0) places[count++] = k;
    for (let a = 0; a < count; a++) {
      const [k, start] = [places[a] as number, row * columns];
      const value = values[start + k] as number;
      for (let b = 0; b < count; b++) {
        const l = places[b] as number;
        result[k * columns + l] = (result[k * columns + l] as number) + value * (values[start + l] as number);
      }
    }
  }
  for (let k = 0; k < columns; k++)
    for (let l = 0; l < columns; l++)
      result[k * columns + l] =
        (result[k * columns + l] as number) - picked.length * (means[k] as number) * (means[l] as number);
  return result;
}

/** Those of `sources` whose same rows were measured together: they share a Gram matrix. */
function byRows({ rows, columns, values }: Table): { rows: number[]; sources: number[] }[] {
  const found = new Map<string, { rows: number[]; sources: number[] }>();
  for (let j = 0; j < columns; j++) {
    const measured: number[] = [];
    for (let i = 0; i < rows; i++) if (!Number.isNaN(values[i * columns + j])) measured.push(i);
    const key = measured.length === rows ? 'all' : measured.join();
    const same = found.get(key) ?? { rows: measured, sources: [] };
    same.sources.push(j);
    found.set(key, same);
  }
  return [...found.values()];
}

/**
 * Ridge regression of every source on the features, on the scale, over the rows that it was measured on. The penalty is
 * that of a prior by which all features together explain all but a tenth of a source, so it has no unit.
 */
export function modelSources({ features, sources }: Candidates, scale: Scale): SourceModels {
  const [p, m] = [features.columns, sources.columns];
  const [centresMs, means, sds] = [new Float64Array(m), new Float64Array(m), new Float64Array(m).fill(1)];
  const models = { scale, centresMs, means, sds, weights: table(m, p), offsets: new Float64Array(m) };
  for (const { rows, sources: same } of byRows(sources)) {
    const at = columnMeans(features, rows);
    for (const j of same) describeSource(models, sources, rows, j);
    const penalised = gram(features, rows, at);
    let variance = 0;
    for (let k = 0; k < p; k++) variance += (penalised[k * p + k] as number) / Math.max(1, rows.length);
    for (let k = 0; k < p; k++) penalised[k * p + k] = (penalised[k * p + k] as number) + unexplained * variance + 1e-9;
    const sides = new Float64Array(same.length * p);
    same.forEach((j, side) => {
      for (const i of rows) {
        const value = standardised(models, j, sources.values[i * m + j] as number);
        for (let k = 0; k < p; k++) {
          const feature = features.values[i * p + k] as number;
          if (feature !== 0) sides[side * p + k] = (sides[side * p + k] as number) + value * feature;
        }
      }
    });
    if (p === 0 || rows.length === 0 || !cholesky(penalised, p)) continue;
    solveRows(penalised, p, sides, same.length);
    same.forEach((j, side) => {
      models.weights.values.set(sides.subarray(side * p, (side + 1) * p), j * p);
      models.offsets[j] = dot(sides, side * p, at, 0, p);
    });
  }
  return models;
}

function describeSource(models: SourceModels, sources: Table, rows: readonly number[], j: number): void {
  const values = rows.map((i) => sources.values[i * sources.columns + j] as number);
  const mean = (of: readonly number[]) => of.reduce((sum, value) => sum + value, 0) / Math.max(1, of.length);
  const centre = values.length > 0 ? mean(values) : 1;
  const scaled = values.map((ms) => toScale(models.scale, ms, centre));
  const average = mean(scaled);
  models.centresMs[j] = centre;
  models.means[j] = average;
  const sd = Math.sqrt(mean(scaled.map((value) => (value - average) ** 2)));
  models.sds[j] = sd > 0 ? sd : 1;
}
