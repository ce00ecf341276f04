import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Candidate } from '../../../api/candidate.ts';
import { canonical } from '../candidate.ts';
import { expectedFront } from '../expected-front.ts';
import { hypervolume } from '../pareto.ts';
import type { Evaluated, Sampler } from '../sampler.ts';
import type { Space } from '../space.ts';
import { guidedSampler } from './guided.ts';
import { randomSampler } from './random.ts';

const choices = [0, 30, 60, 80, 100];
const dimension = (name: string, saves: number, loses: number) => ({
  name,
  choices,
  expected: choices.map((level) => ({
    latency: 1 - saves * (1 - level / 100),
    loss: loses * (1 - level / 100) ** 3,
  })),
});
const space: Space = {
  dimensions: [
    dimension('prune-channels', 0.5, 0.4),
    dimension('low-rank', 0.2, 0.9),
    dimension('activation', 0.2, 0.02),
    dimension('precision', 0.6, 0.05),
  ],
  precisions: ['FP32', 'INT8Static', 'Mixed'],
  engines: [{ threads: 1, graphOptimization: 'All' }],
  expected: [{ precision: 'INT8Static', latency: 0.4, loss: 0.05 }],
};
const base: Candidate = { dimensions: {}, precision: 'FP32', engine: { threads: 1, graphOptimization: 'All' } };

/** A model that does about what the analysis says of it: quality falls off once the outputs have moved too far. */
function evaluate({ dimensions, precision }: Candidate): number[] {
  const start = precision === 'INT8Static' ? { latency: 0.45, loss: 0.03 } : { latency: 1, loss: 0 };
  let { latency, loss } = start;
  for (const { name, choices: all, expected } of space.dimensions) {
    if (name === 'precision' && precision !== 'Mixed') continue;
    const found = expected?.[all.indexOf(dimensions[name] ?? 100)];
    latency *= 0.9 * (found?.latency ?? 1) + 0.1;
    loss += 1.3 * (found?.loss ?? 0);
  }
  return [0.1 + 0.9 / (1 + Math.exp(-40 * (loss - 0.15))), latency];
}

function searched(sampler: Sampler, budget: number, seed: number): Evaluated[] {
  const history: Evaluated[] = [{ candidate: base, objectives: evaluate(base) }];
  while (history.length < budget) {
    const [candidate] = sampler(space, history, 1, seed);
    if (!candidate) break;
    history.push({ candidate, objectives: evaluate(candidate) });
  }
  return history;
}

test('the front that is expected begins with the model as it is, and each point is faster and loses more', () => {
  const front = expectedFront(space);
  assert.ok(front.length > 20);
  assert.equal(
    canonical(front[0]?.candidate as Candidate, space.dimensions),
    canonical({ ...base, precision: 'FP32' }, space.dimensions),
  );
  for (const [i, { latency, loss }] of front.slice(1).entries()) {
    const before = front[i];
    assert.ok(before && loss > before.loss && latency < before.latency);
  }
});

test('it finds in eight trials what chance does not in sixteen, where quality ends at a cliff', () => {
  const volume = (sampler: Sampler, budget: number) =>
    [1, 2, 3, 4, 5].reduce((sum, seed) => {
      const points = searched(sampler, budget, seed).map(({ objectives: [loss = 0, latency = 0] = [] }) => [
        latency,
        loss,
      ]);
      return sum + hypervolume(points, [1, 0.2]);
    }, 0);
  assert.ok(volume(guidedSampler, 8) > volume(randomSampler, 16));
});
