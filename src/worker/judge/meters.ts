import type { QualityMetric } from '../../api/variant.ts';
import { traits } from '../../core/quality/metric.ts';
import {
  argmax,
  cosine,
  distance,
  negativeLogLikelihood,
  rankOf,
  type Score,
  type Scores,
  type Slice,
} from '../../core/quality/scores.ts';
import type { Dataset } from '../dataset.ts';
import { WorkerError } from '../failure.ts';
import type { Rows } from './output.ts';

/** A metric that looks at rows as they stream by and keeps two numbers of each. */
export interface Meter {
  /** `base` are the same rows of the base model; given where the metric compares. */
  take(rows: Rows, base?: Rows): void;
  scores(): Scores;
}

const invalid = (message: string) => new WorkerError('DataInvalid', message);

/** Throws WorkerError DataInvalid when the data set lacks what the metric is judged by. */
export function checkData(metric: QualityMetric, data: Dataset): void {
  const { needs } = traits[metric];
  if (!needs || data[needs]) return;
  throw invalid(
    `the data set has no array "${needs}", which ${metric} needs: add it, or set spec.quality.metric to Agreement`,
  );
}

const slice = ({ values, positions, classes }: Rows, row: number, position?: number): Slice =>
  position === undefined
    ? { values, at: row * positions * classes, length: positions * classes }
    : { values, at: (row * positions + position) * classes, length: classes };

const written = ({ shape }: Rows) => `[${shape.join(', ')}]`;

/** The labels of a row, one a position; those below zero don't count. */
function labelsOf({ labels = [], rows: all }: Dataset, rows: Rows, row: number): { position: number; label: number }[] {
  const each = labels.length / all;
  if (each !== rows.positions) {
    throw invalid(
      `the data set has ${each} labels a row, the judged output ${written(rows)} has ${rows.positions} positions a row: give a label for each, or choose another output with spec.quality.output`,
    );
  }
  const found = [];
  for (let position = 0; position < each; position++) {
    const label = labels[(rows.from + row) * each + position] ?? -1;
    if (label >= rows.classes) {
      throw invalid(
        `label ${label} of row ${rows.from + row} is none of the ${rows.classes} classes of the judged output`,
      );
    }
    if (label >= 0) found.push({ position, label });
  }
  return found;
}

type RowScore = (rows: Rows, row: number, base?: Rows) => Score;

const total = (values: number[]) => values.reduce((sum, value) => sum + value, 0);

const within =
  (data: Dataset, best: number): RowScore =>
  (rows, row) => {
    const labels = labelsOf(data, rows, row);
    const hits = labels.filter(({ position, label }) => rankOf(slice(rows, row, position), label) < best);
    return [hits.length, labels.length];
  };

const predicted =
  (data: Dataset): RowScore =>
  (rows, row) => {
    const [only, more] = labelsOf(data, rows, row);
    if (!only || more) {
      throw invalid(`F1 needs one label, not negative, a row; row ${rows.from + row} has ${more ? 'several' : 'none'}`);
    }
    return [argmax(slice(rows, row)), only.label];
  };

const likelihood =
  (data: Dataset): RowScore =>
  (rows, row) => {
    const labels = labelsOf(data, rows, row);
    const losses = labels.map(({ position, label }) => negativeLogLikelihood(slice(rows, row, position), label));
    return [total(losses), labels.length];
  };

const error =
  ({ targets = new Float32Array(), rows: all }: Dataset, power: 1 | 2): RowScore =>
  (rows, row) => {
    const width = targets.length / all;
    const output = slice(rows, row);
    if (width !== output.length) {
      throw invalid(
        `the data set has ${width} targets a row, the judged output ${written(rows)} has ${output.length} numbers a row`,
      );
    }
    return [distance(output, { values: targets, at: (rows.from + row) * width, length: width }, power), width];
  };

const agreement: RowScore = (rows, row, base = rows) => {
  let same = 0;
  for (let position = 0; position < rows.positions; position++) {
    if (argmax(slice(rows, row, position)) === argmax(slice(base, row, position))) same++;
  }
  return [same, rows.positions];
};

/** Scores rows 2i and 2i + 1 together; a batch may end between them. */
function pairMeter({ scores: human = new Float32Array() }: Dataset): Meter {
  const found: number[] = [];
  let before: Slice | undefined;
  return {
    take(rows) {
      if (rows.positions !== 1) {
        throw invalid(
          `Spearman needs one embedding a row, the judged output is ${written(rows)}: choose another with spec.quality.output`,
        );
      }
      for (let row = 0; row < rows.rows; row++) {
        const { at, length } = slice(rows, row);
        const embedding = { values: Float64Array.from({ length }, (_, i) => rows.values[at + i] ?? 0), at: 0, length };
        if (before) found.push(cosine(before, embedding));
        before = before ? undefined : embedding;
      }
    },
    scores: () => ({ first: Float32Array.from(found), second: human }),
  };
}

function rowMeter(score: RowScore, count: number): Meter {
  const kept = { first: new Float32Array(count), second: new Float32Array(count) };
  return {
    take(rows, base) {
      if (base && written(base) !== written(rows)) {
        throw invalid(
          `the judged output is ${written(rows)} and ${written(base)} in the base model: they can't be compared`,
        );
      }
      for (let row = 0; row < rows.rows; row++) {
        [kept.first[rows.from + row], kept.second[rows.from + row]] = score(rows, row, base);
      }
    },
    scores: () => kept,
  };
}

/** A metric that Retune measures itself. */
export type MeteredMetric = Exclude<QualityMetric, 'Command'>;

/** The meter of a metric over a data set that has what it needs. A command needs none. */
export function meterOf(metric: MeteredMetric, data: Dataset): Meter {
  if (metric === 'Spearman') return pairMeter(data);
  const scores: Record<typeof metric, RowScore> = {
    Top1: within(data, 1),
    Top5: within(data, 5),
    F1: predicted(data),
    Perplexity: likelihood(data),
    MSE: error(data, 2),
    MAE: error(data, 1),
    Agreement: agreement,
    Cosine: (rows, row, base = rows) => [cosine(slice(rows, row), slice(base, row)), 1],
  };
  return rowMeter(scores[metric], data.rows);
}
