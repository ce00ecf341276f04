import { type Table, tableOf } from '../../../src/core/linear-algebra/table.ts';
import { isCell } from '../tables/cell.ts';
import { liveFeatures, liveGroups } from './live-operators.ts';

export interface Features {
  features: Table;
  /** The group of each: the operator, wherever it stands. */
  groups: number[];
}

/** One-hot operators by position. */
export function oneHot(ops: readonly string[]): Features {
  const digits = ops.map((each) => Array.from(each, Number));
  const kinds = digits.reduce((most, each) => Math.max(most, ...each), 0) + 1;
  const rows = digits.map((each) => {
    const row = new Array<number>(each.length * kinds).fill(0);
    each.forEach((kind, position) => {
      row[position * kinds + kind] = 1;
    });
    return row;
  });
  return { features: tableOf(rows), groups: Array.from({ length: rows[0]?.length ?? 0 }, (_, at) => at % kinds) };
}

/** One-hot operators by position; of cells of NAS-Bench-201 those of live edges beside it. */
export function featuresOf(ops: readonly string[]): Features {
  const plain = oneHot(ops);
  if (!ops.every(isCell)) return plain;
  const { columns, values } = plain.features;
  const rows = ops.map((each, i) => [
    ...values.subarray(i * columns, (i + 1) * columns),
    ...liveFeatures(Array.from(each, Number)),
  ]);
  const names = [...new Set(liveGroups)];
  const first = Math.max(...plain.groups) + 1;
  return {
    features: tableOf(rows),
    groups: [...plain.groups, ...liveGroups.map((name) => first + names.indexOf(name))],
  };
}
