import assert from 'node:assert/strict';
import { test } from 'node:test';
import { table } from '../../linear-algebra/table.ts';
import { spearman } from '../../statistics/rank-correlation.ts';
import { studentQuantile } from '../../statistics/ratio-of-sums.ts';
import { type Candidates, type Grouping, pickCandidates } from './candidates.ts';
import { simulate, withSources } from './fixtures.ts';
import { fit, learn, quantileMs } from './predictor.ts';
import { whichToMeasure } from './which-to-measure.ts';

const count = 20;

/** Learns from the sources, measures what it chose, predicts everything. */
function predictAll(candidates: Candidates, targetMs: Float64Array, grouping: Grouping, picked?: readonly number[]) {
  const experience = learn(candidates, grouping);
  const rows = picked ?? whichToMeasure(experience, candidates, count, 1);
  const ms = Float64Array.from(rows, (i) => targetMs[i] as number);
  const predictor = fit(experience, { candidates: pickCandidates(candidates, rows), ms });
  return { rows, predictor, predicted: predictor.predict(candidates) };
}

const others = (rows: readonly number[], all: number) =>
  Array.from({ length: all }, (_, i) => i).filter((i) => !rows.includes(i));
const far = (a: Float64Array, b: Float64Array) => Math.max(...a.map((value, i) => Math.abs(value - (b[i] as number))));
const every = Array.from({ length: count }, (_, i) => 7 * i);

test('twenty measurements rank what was not measured, and 90% intervals hold 85 to 95% of the time', () => {
  const z90 = 1.6449;
  const figures = Array.from({ length: 10 }, (_, seed) => {
    const { candidates, groups, targetMs } = simulate(seed + 1);
    const { rows, predictor, predicted } = predictAll(candidates, targetMs, { groups });
    const left = others(rows, targetMs.length);
    const t = studentQuantile(predictor.freedom, z90);
    const inside = left.filter((i) => {
      const off = Math.log(targetMs[i] as number) - (predicted.meanLog[i] as number);
      return Math.abs(off) <= t * (predicted.sdLog[i] as number);
    });
    const of = (values: Float64Array) => left.map((i) => values[i] as number);
    return { coverage: inside.length / left.length, rho: spearman(of(predicted.meanLog), of(targetMs)) };
  });
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const coverage = mean(figures.map((one) => one.coverage));
  assert.ok(coverage >= 0.85 && coverage <= 0.95, `intervals held ${coverage} of the time`);
  const rho = mean(figures.map((one) => one.rho));
  assert.ok(rho > 0.92, `rank correlation ${rho}`);
});

test('sources are worth measurements: without them the same twenty tell less', () => {
  const { candidates, groups, targetMs } = simulate(3);
  const alone = { features: candidates.features, sources: table(targetMs.length, 0) };
  const rho = (known: Candidates) =>
    spearman(predictAll(known, targetMs, { groups }, every).predicted.meanLog, targetMs);
  const [withThem, without] = [rho(candidates), rho(alone)];
  assert.ok(withThem > without, `${withThem} with sources, ${without} without`);
  assert.ok(without > 0.7, `features alone rank ${without}`);
});

test('sources alone do, where nothing is known of what candidates are made of', () => {
  const { candidates, targetMs } = simulate(4);
  const opaque = { features: table(targetMs.length, 0), sources: candidates.sources };
  const { predicted } = predictAll(opaque, targetMs, {}, every);
  const best = Math.max(
    ...[0, 1, 2, 3, 4, 5].map((j) =>
      spearman(
        Array.from(targetMs, (_, i) => candidates.sources.values[i * 6 + j] as number),
        targetMs,
      ),
    ),
  );
  assert.ok(spearman(predicted.meanLog, targetMs) > best - 0.01);
});

test('the order of sources changes nothing', () => {
  const { candidates, groups, targetMs } = simulate(5);
  const { rows, columns, values } = candidates.sources;
  const turned = {
    features: candidates.features,
    sources: { rows, columns, values: values.map((_, at) => values[at - 2 * (at % columns) + columns - 1] as number) },
  };
  const [a, b] = [candidates, turned].map((known) => predictAll(known, targetMs, { groups }, every).predicted);
  assert.ok(a && b && far(a.meanLog, b.meanLog) < 1e-6 && far(a.sdLog, b.sdLog) < 1e-6);
});

test('units cancel: a source in microseconds says the same, a target in microseconds is predicted in them', () => {
  const { candidates, groups, targetMs } = simulate(6);
  const plain = predictAll(candidates, targetMs, { groups }, every).predicted;
  const scaled = withSources(candidates, (ms, j) => (j === 2 ? ms * 1000 : ms));
  assert.ok(far(predictAll(scaled, targetMs, { groups }, every).predicted.meanLog, plain.meanLog) < 1e-6);
  const inMicroseconds = predictAll(
    candidates,
    targetMs.map((ms) => ms * 1000),
    { groups },
    every,
  ).predicted;
  assert.ok(
    far(
      inMicroseconds.meanLog,
      plain.meanLog.map((log) => log + Math.log(1000)),
    ) < 1e-6,
  );
  assert.ok(far(inMicroseconds.sdLog, plain.sdLog) < 1e-6);
});

test('a monotone transform of a source hardly changes the ranking', () => {
  const { candidates, groups, targetMs } = simulate(7);
  const bent = withSources(candidates, (ms, j) => (j === 1 ? ms ** 1.5 : ms));
  const [a, b] = [candidates, bent].map((known) => predictAll(known, targetMs, { groups }, every).predicted.meanLog);
  assert.ok(a && b && spearman(a, b) > 0.98);
});

test('candidates that no source has measured are predicted with wider intervals, and so are gaps in what is known', () => {
  const { candidates, groups, targetMs } = simulate(8);
  const { predictor, predicted } = predictAll(candidates, targetMs, { groups }, every);
  const unseen = predictor.predict(withSources(candidates, () => Number.NaN));
  const sum = (values: Float64Array) => values.reduce((total, value) => total + value, 0);
  assert.ok(sum(unseen.sdLog) > sum(predicted.sdLog));
  assert.ok(spearman(unseen.meanLog, targetMs) > 0.9);
  let gap = 0;
  const gappy = withSources(candidates, (ms) => (gap++ % 3 === 0 ? Number.NaN : ms));
  assert.ok(spearman(predictAll(gappy, targetMs, { groups }, every).predicted.meanLog, targetMs) > 0.9);
});

test('the trials of a search correct it: two hundred measurements predict better than twenty', () => {
  const { candidates, groups, targetMs } = simulate(9);
  const error = (measured: number) => {
    const rows = Array.from({ length: measured }, (_, i) => i);
    const { predicted } = predictAll(candidates, targetMs, { groups }, rows);
    const left = others(rows, targetMs.length).slice(-200);
    return left.reduce((s, i) => s + (Math.log(targetMs[i] as number) - (predicted.meanLog[i] as number)) ** 2, 0);
  };
  assert.ok(error(200) < error(20));
});

test('a clock of whole milliseconds is noise: fast candidates are not taken at their word', () => {
  const { candidates, groups, targetMs } = simulate(10);
  const coarse = targetMs.map((ms) => Math.max(1, Math.round(ms / 4)));
  const experience = learn(candidates, { groups });
  const measured = {
    candidates: pickCandidates(candidates, every),
    ms: Float64Array.from(every, (i) => coarse[i] as number),
  };
  const predicted = fit(experience, { ...measured, resolutionMs: 1 }).predict(candidates);
  assert.ok(spearman(predicted.meanLog, targetMs) > 0.9);
  const [fastest, slowest] = [targetMs.indexOf(Math.min(...targetMs)), targetMs.indexOf(Math.max(...targetMs))];
  assert.ok((predicted.sdLog[fastest] as number) > (predicted.sdLog[slowest] as number));
});

test('quantiles enclose the mean, and are wider the more they ask', () => {
  const log = { meanLog: Float64Array.of(0, 1), sdLog: Float64Array.of(0.1, 0.2) };
  const [low, middle, high, higher] = [-1.645, 0, 1.645, 2.326].map((z) => quantileMs(log, 17, z)[1] as number);
  assert.ok(low && middle && high && higher && low < middle && middle < high && high < higher);
  assert.ok(Math.abs(middle - Math.E) < 1e-12);
});

test('bad input is said in a sentence', () => {
  const { candidates, groups, targetMs } = simulate(1, { rows: 30, sources: 2 });
  const experience = learn(candidates, { groups });
  const three = pickCandidates(candidates, [0, 1, 2]);
  assert.throws(() => learn(candidates, { groups: [1] }), /40 features and 1 groups/);
  assert.throws(() => learn(withSources(candidates, () => 0)), /not above zero: where it was not measured, write NaN/);
  assert.throws(() => learn({ ...candidates, sources: table(3, 2) }), /30 rows and sources 3/);
  assert.throws(() => fit(experience, { candidates: three, ms: targetMs }), /3 candidates have 30 measurements/);
  assert.throws(() => fit(experience, { candidates: three, ms: Float64Array.of(1, 2, -1) }), /not above zero/);
  const other = simulate(1, { rows: 30, sources: 3 }).candidates;
  assert.throws(
    () => whichToMeasure(experience, other, 3, 1),
    /40 features and 3 sources, what was learnt from had 40 and 2/,
  );
  const two = { candidates: pickCandidates(candidates, [0, 1]), ms: Float64Array.of(1, 2) };
  assert.throws(() => fit(experience, two), /2 measurements are too few/);
  assert.ok(
    Number.isFinite(fit(experience, { candidates: three, ms: Float64Array.of(1, 1, 1) }).predict(three).sdLog[0]),
  );
});
