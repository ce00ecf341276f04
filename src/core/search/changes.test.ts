import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Candidate } from '../../api/candidate.ts';
import { changesModel } from './changes.ts';

const offered = ['depth', 'precision'].map((name) => ({ name, choices: [1, 2, 3] }));
const candidate = (dimensions: Record<string, number>, precision: Candidate['precision']): Candidate => ({
  ...{ dimensions, precision, engine: { threads: 4, graphOptimization: 'Basic' } },
});

test('only a smaller choice or another precision changes the model', () => {
  const cases: [Record<string, number>, Candidate['precision'], boolean][] = [
    [{}, 'FP32', false],
    [{ depth: 3 }, 'FP32', false],
    [{ depth: 2 }, 'FP32', true],
    [{}, 'INT8Static', true],
    [{ depth: 3 }, 'INT8Dynamic', true],
    // A precision for each layer counts only where each layer has its own.
    [{ precision: 1 }, 'FP32', false],
    [{ precision: 1 }, 'Mixed', true],
    [{ precision: 3 }, 'Mixed', false],
  ];
  for (const [dimensions, precision, changes] of cases) {
    assert.equal(
      changesModel(candidate(dimensions, precision), offered),
      changes,
      JSON.stringify([dimensions, precision]),
    );
  }
});
