import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Candidate } from '../../../api/candidate.ts';
import { hypervolume } from '../pareto.ts';
import type { Evaluated, Sampler } from '../sampler.ts';
import type { Space } from '../space.ts';
import { evolutionSampler } from './evolution.ts';
import { guidedSampler } from './guided.ts';
import { randomSampler } from './random.ts';
import { expectedGain, surrogateSampler } from './surrogate.ts';

const choices = [0, 30, 60, 80, 100];
const effects = (saves: number, loses: number) =>
  choices.map((level) => ({ latency: 1 - saves * (1 - level / 100), loss: loses * (1 - level / 100) ** 3 }));
const known = {
  'prune-channels': effects(0.5, 0.4),
  'low-rank': effects(0.2, 0.9),
  activation: effects(0.2, 0.02),
  precision: effects(0.6, 0.05),
};
const engines = [{ threads: 1, graphOptimization: 'All' as const }];
const plain: Space = {
  dimensions: Object.keys(known).map((name) => ({ name, choices })),
  precisions: ['FP32', 'INT8Static', 'Mixed'],
  engines,
};
const analysed: Space = {
  ...plain,
  dimensions: Object.entries(known).map(([name, expected]) => ({ name, choices, expected })),
  expected: [{ precision: 'INT8Static', latency: 0.4, loss: 0.05 }],
};
const base: Candidate = { dimensions: {}, precision: 'FP32', engine: { threads: 1, graphOptimization: 'All' } };

/** A model that does about what an analysis would say of it: quality falls off once the outputs have moved too far. */
function truth({ dimensions, precision }: Candidate): [number, number] {
  let [latency, loss] = precision === 'INT8Static' ? [0.45, 0.03] : [1, 0];
  for (const [name, expected] of Object.entries(known)) {
    if (name === 'precision' && precision !== 'Mixed') continue;
    const found = expected[choices.indexOf(dimensions[name] ?? 100)];
    latency *= 0.9 * (found?.latency ?? 1) + 0.1;
    loss += 1.3 * (found?.loss ?? 0);
  }
  return [0.1 + 0.9 / (1 + Math.exp(-40 * (loss - 0.15))), latency];
}

/** A number about 0 with deviation 1 that depends on nothing but `n`. */
function jitter(n: number): number {
  const parts = [12.9898, 78.233, 37.719, 93.989].map((factor) => Math.abs(Math.sin(n * factor) * 43758.5453) % 1);
  return (parts.reduce((sum, part) => sum + part, 0) - 2) * Math.sqrt(3);
}

function searched(sampler: Sampler, space: Space, budget: number, seed: number, noise: number): Evaluated[] {
  const history: Evaluated[] = [];
  while (history.length < budget) {
    const [candidate] = history.length === 0 ? [base] : sampler(space, history, 1, seed);
    if (!candidate) break;
    const real = truth(candidate);
    const objectives = real.map((value, i) => value * (1 + noise * jitter(1000 * seed + 2 * history.length + i)));
    history.push({ candidate, objectives, ...(noise > 0 && { errors: real.map((value) => noise * value) }) });
  }
  return history;
}

const seeds = [1, 2, 3, 4, 5, 6];
/** What is really dominated by what was tried, summed over seeds. */
const volume = (sampler: Sampler, space: Space, budget: number, noise = 0) =>
  seeds.reduce((sum, seed) => {
    const points = searched(sampler, space, budget, seed, noise).map(({ candidate }) => truth(candidate).toReversed());
    return sum + hypervolume(points, [1, 0.2]);
  }, 0);

test('where an analysis says what to expect it is no worse than the bisection alone', () => {
  for (const budget of [8, 16, 24]) {
    const [own, guided] = [volume(surrogateSampler, analysed, budget), volume(guidedSampler, analysed, budget)];
    assert.ok(own >= 0.995 * guided, `${own} and ${guided} after ${budget}`);
  }
});

test('where nothing is known and measurements are noisy it finds more than evolution and chance do', () => {
  const own = volume(surrogateSampler, plain, 24, 0.05);
  for (const other of [evolutionSampler, randomSampler]) assert.ok(own > 1.03 * volume(other, plain, 24, 0.05));
});

test('how much the next batch should gain falls as the front is found, and is unknown at first', () => {
  const history = searched(surrogateSampler, plain, 40, 3, 0);
  assert.equal(expectedGain(plain, history.slice(0, 5), 4, 3), undefined);
  const [early, late] = [history.slice(0, 10), history].map((some) => expectedGain(plain, some, 4, 3));
  assert.ok(early !== undefined && late !== undefined && late < 0.5 * early, `${early}, then ${late}`);
  assert.equal(expectedGain(plain, history, 4, 3), late);
});
