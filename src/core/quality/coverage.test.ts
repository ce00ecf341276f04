/** What an interval promises, tried: it holds the truth in 95 of 100 experiments. All chance is seeded. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { QualityMetric } from '../../api/variant.ts';
import { dropHigh } from './drop.ts';
import { estimate } from './estimate.ts';
import type { Scores } from './scores.ts';

type Chance = () => number;
const chance = (seed: number): Chance => {
  const random = xoroshiro128plus(seed);
  return () => uniformFloat64(random);
};
const normal = (next: Chance) => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
const exponential = (next: Chance) => -Math.log(1 - next());

/** Rows of one experiment: each gives the scores of variant and base. */
type Row = (next: Chance) => { variant: readonly [number, number]; base: readonly [number, number] };

function experiment(row: Row, rows: number, seed: number): { variant: Scores; base: Scores } {
  const next = chance(seed);
  const empty = (): Scores => ({ first: new Float32Array(rows), second: new Float32Array(rows) });
  const made = { variant: empty(), base: empty() };
  for (let i = 0; i < rows; i++) {
    const { variant, base } = row(next);
    [made.variant.first[i], made.variant.second[i]] = variant;
    [made.base.first[i], made.base.second[i]] = base;
  }
  return made;
}

interface Case {
  metric: QualityMetric;
  what: string;
  row: Row;
  rows: number;
  experiments: number;
  /** The truth, known by the way the rows are made. */
  value: number;
  drop: number;
}

const right = (is: boolean) => (is ? 1 : 0);
/** The base is right on nine rows of ten, the variant besides wrong on 3% and right on 1% where the base is not. */
const top1: Row = (next) => {
  const place = next();
  return { variant: [right(place < 0.87 || place > 0.99), 1], base: [right(place < 0.9), 1] };
};
/** Errors with a long tail; the variant's are a fifth larger on average and hard where those of the base are. */
const errors: Row = (next) => {
  const base = exponential(next);
  return { variant: [base * (0.9 + 0.6 * next()), 1], base: [base, 1] };
};
/** Ten to thirty tokens a row that share half of their surprise; the variant's is 0.05 nats more. */
const tokens: Row = (next) => {
  const length = 10 + Math.floor(20 * next());
  const shared = exponential(next);
  let [variant, base] = [0, 0];
  for (let i = 0; i < length; i++) {
    const own = 0.5 * shared + 0.5 * exponential(next);
    base += own;
    variant += own + 0.05 + 0.2 * normal(next);
  }
  return { variant: [variant, length], base: [base, length] };
};
/** Spearman's rho of a normal pair with correlation r is 6/π asin(r/2). */
const rho = (r: number) => (6 / Math.PI) * Math.asin(r / 2);
const pairs: Row = (next) => {
  const [truth, one, two] = [normal(next), normal(next), normal(next)];
  const human = truth;
  const base = 0.7 * truth + Math.sqrt(1 - 0.49) * one;
  const variant = 0.6 * truth + 0.8 * (0.9 * one + Math.sqrt(1 - 0.81) * two);
  return { variant: [variant, human], base: [base, human] };
};
/** Two classes, 80 to 20; right with 90% and 70%, the variant with 88% and 65%. */
const twoClasses: Row = (next) => {
  const label = right(next() < 0.2);
  const luck = next();
  const guess = (limits: readonly [number, number]) => (luck < (limits[label] ?? 0) ? label : 1 - label);
  return { variant: [guess([0.88, 0.65]), label], base: [guess([0.9, 0.7]), label] };
};
const f1 = ([a, b]: readonly [number, number]) => {
  const [zero, one] = [0.8 * a, 0.2 * b];
  const [zeroWrong, oneWrong] = [0.8 - zero, 0.2 - one];
  const each = (hit: number) => (2 * hit) / (2 * hit + zeroWrong + oneWrong);
  return (each(zero) + each(one)) / 2;
};
/** Three positions a row that are right or wrong together as often as not. */
const positions: Row = (next) => {
  const shared = next();
  let [variant, base] = [0, 0];
  for (let i = 0; i < 3; i++) {
    const place = next() < 0.5 ? shared : next();
    base += right(place < 0.9);
    variant += right(place < 0.88);
  }
  return { variant: [variant, 3], base: [base, 3] };
};

const meanNll = 1 + 0.05;
const cases: Case[] = [
  { metric: 'Top1', what: 'shares', row: top1, rows: 500, experiments: 1000, value: 0.88, drop: 0.02 },
  { metric: 'Top1', what: 'clustered shares', row: positions, rows: 300, experiments: 1000, value: 0.88, drop: 0.02 },
  { metric: 'MSE', what: 'long-tailed errors', row: errors, rows: 200, experiments: 1000, value: 1.2, drop: 0.2 },
  {
    ...{ metric: 'Perplexity', what: 'tokens in rows', row: tokens, rows: 100, experiments: 600 },
    ...{ value: Math.exp(meanNll), drop: Math.expm1(0.05) },
  },
  {
    ...{ metric: 'Spearman', what: 'pairs', row: pairs, rows: 100, experiments: 120 },
    ...{ value: rho(0.6), drop: rho(0.7) - rho(0.6) },
  },
  {
    ...{ metric: 'F1', what: 'unequal classes', row: twoClasses, rows: 400, experiments: 100 },
    ...{ value: f1([0.88, 0.65]), drop: f1([0.9, 0.7]) - f1([0.88, 0.65]) },
  },
];

describe('95% is what the intervals hold', () => {
  for (const { metric, what, row, rows, experiments, value, drop } of cases) {
    test(`${metric}: ${what}`, () => {
      let [inside, below] = [0, 0];
      for (let seed = 1; seed <= experiments; seed++) {
        const { variant, base } = experiment(row, rows, seed);
        const { low, high } = estimate(metric, variant);
        if (low <= value && value <= high) inside++;
        if (drop <= (dropHigh(metric, variant, base) ?? Number.POSITIVE_INFINITY)) below++;
      }
      // Three standard errors of a share of 95% over so many experiments, and a point for what is asymptotic in them.
      const slack = 0.01 + 3 * Math.sqrt((0.95 * 0.05) / experiments);
      for (const [name, share] of Object.entries({ interval: inside / experiments, drop: below / experiments })) {
        assert.ok(Math.abs(share - 0.95) <= slack, `${name}: ${share} of ${experiments}`);
      }
    });
  }
});
