import { pickRows, type Table } from '../../linear-algebra/table.ts';

/** What is known of candidates before they are measured on the new device: a row each. */
export interface Candidates {
  /**
   * Rows x p: what a candidate is made of, so that latency is about a sum over features. Counts of operators, one-hot
   * choices by position, or milliseconds of each operator by the table of an accelerator. Any unit, all finite.
   */
  features: Table;
  /** Rows x m: milliseconds on each source device, above zero; NaN where a candidate was not measured there. */
  sources: Table;
}

/** What belongs together among features and among sources. */
export interface Grouping {
  /** The group of each feature, such as the operator that stands at several positions. Without: nothing is shared. */
  groups?: readonly number[];
  /** The family of each source: devices alike, which say little about how a stranger differs. Without: each its own. */
  families?: readonly string[];
}

export const pickCandidates = ({ features, sources }: Candidates, rows: ArrayLike<number>): Candidates => ({
  features: pickRows(features, rows),
  sources: pickRows(sources, rows),
});

/** Throws RangeError, in a sentence, where the shapes or the numbers can't be. */
export function checkCandidates({ features, sources }: Candidates, { groups, families }: Grouping): void {
  if (features.rows !== sources.rows) {
    throw new RangeError(
      `features have ${features.rows} rows and sources ${sources.rows}: give one of each a candidate`,
    );
  }
  if (groups && groups.length !== features.columns) {
    throw new RangeError(`there are ${features.columns} features and ${groups.length} groups: give one a feature`);
  }
  if (families && families.length !== sources.columns) {
    throw new RangeError(`there are ${sources.columns} sources and ${families.length} families: give one a source`);
  }
  if (!features.values.every(Number.isFinite)) throw new RangeError('a feature is not a finite number');
  if (!sources.values.every((ms) => Number.isNaN(ms) || (ms > 0 && ms < Number.POSITIVE_INFINITY))) {
    throw new RangeError('a latency of a source is not above zero: where it was not measured, write NaN');
  }
}
