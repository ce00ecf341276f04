import { type Table, table } from '../../linear-algebra/table.ts';
import type { Candidates } from './candidates.ts';
import { type SourceModels, standardised } from './source-models.ts';

/**
 * The views of a candidate that a new device's latency is a weighted sum of, each a block of columns:
 * - `group`: the sum of each group of features (how often each operator stands there)
 * - `feature`: the features themselves
 * - `transfer`: what each source's model says of the candidate
 * - `share`: what each group adds to that on each source, for devices that run an operator better or worse than others
 * - `rest`: what was measured on each source beside its model; 0 where nothing was
 */
export const views = ['group', 'feature', 'transfer', 'share', 'rest'] as const;

/** How rows become columns, learnt once: blocks are centred and have a mean square of 1 a row on the rows learnt from. */
export interface Design {
  models: SourceModels;
  /** The place of each feature's group among groups; undefined: features stand alone. */
  groups: readonly number[] | undefined;
  groupCount: number;
  /** The sources that are looked at, as places in the table. */
  looked: readonly number[];
  /** Where each view starts; one more says where the last ends. */
  starts: readonly number[];
  centre: Float64Array;
  factor: Float64Array;
}

function raw(design: Design, { features, sources }: Candidates): Table {
  const { models, groups, groupCount, looked, starts } = design;
  const [p, m] = [features.columns, sources.columns];
  const result = table(features.rows, starts[views.length] as number);
  const [group, feature, transfer, share, rest] = starts as [number, number, number, number, number];
  const { values } = result;
  for (let i = 0; i < features.rows; i++) {
    const row = i * result.columns;
    for (let k = 0; k < p; k++) {
      const value = features.values[i * p + k] as number;
      if (value === 0) continue;
      values[row + feature + k] = value;
      const g = groups ? (groups[k] as number) : -1;
      if (g >= 0) values[row + group + g] = (values[row + group + g] as number) + value;
      for (let a = 0; a < looked.length; a++) {
        const cost = value * (models.weights.values[(looked[a] as number) * p + k] as number);
        values[row + transfer + a] = (values[row + transfer + a] as number) + cost;
        const at = row + share + a * groupCount + g;
        if (g >= 0) values[at] = (values[at] as number) + cost;
      }
    }
    for (let a = 0; a < looked.length; a++) {
      const j = looked[a] as number;
      const measured = standardised(models, j, sources.values[i * m + j] as number);
      const modelled = (values[row + transfer + a] as number) - (models.offsets[j] as number);
      values[row + rest + a] = Number.isNaN(measured) ? Number.NaN : measured - modelled;
    }
  }
  return result;
}

/** Learns the design for some of the sources from the candidates given, a few hundred rows are enough. */
export function design(
  models: SourceModels,
  groups: readonly number[] | undefined,
  looked: readonly number[],
  reference: Candidates,
): Design {
  const names = [...new Set(groups ?? [])];
  const [p, g, m] = [reference.features.columns, names.length, looked.length];
  const widths = [g, p, m, g * m, m];
  const starts = [0];
  for (const width of widths) starts.push((starts.at(-1) ?? 0) + width);
  const columns = starts[views.length] as number;
  const result: Design = {
    ...{ models, looked, starts, groupCount: g, groups: groups?.map((name) => names.indexOf(name)) },
    ...{ centre: new Float64Array(columns), factor: new Float64Array(columns).fill(1) },
  };
  const seen = raw(result, reference);
  for (let c = 0; c < columns; c++) result.centre[c] = columnMean(seen, c);
  for (let view = 0; view < views.length; view++) {
    const [from, to] = [starts[view] as number, starts[view + 1] as number];
    let squares = 0;
    for (let i = 0; i < seen.rows; i++)
      for (let c = from; c < to; c++) {
        const value = (seen.values[i * columns + c] as number) - (result.centre[c] as number);
        if (!Number.isNaN(value)) squares += value ** 2;
      }
    const size = Math.sqrt(squares / Math.max(1, seen.rows));
    result.factor.fill(size > 1e-9 ? 1 / size : 0, from, to);
  }
  return result;
}

function columnMean({ rows, columns, values }: Table, c: number): number {
  let [sum, count] = [0, 0];
  for (let i = 0; i < rows; i++) {
    const value = values[i * columns + c] as number;
    if (!Number.isNaN(value)) [sum, count] = [sum + value, count + 1];
  }
  return count === 0 ? 0 : sum / count;
}

/** Rows of candidates as rows of the design. */
export function describe(by: Design, candidates: Candidates): Table {
  const result = raw(by, candidates);
  const { values, columns } = result;
  for (let at = 0; at < values.length; at++) {
    const c = at % columns;
    const value = ((values[at] as number) - (by.centre[c] as number)) * (by.factor[c] as number);
    values[at] = Number.isNaN(value) ? 0 : value;
  }
  return result;
}

/** The share of the sources looked at on which each candidate was not measured. */
export function missingShares({ looked }: Design, { sources: { rows, columns, values } }: Candidates): Float64Array {
  return Float64Array.from({ length: rows }, (_, i) => {
    const missing = looked.filter((j) => Number.isNaN(values[i * columns + j])).length;
    return looked.length === 0 ? 0 : missing / looked.length;
  });
}
