import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Candidate } from '../../src/api/candidate.ts';
import { canonical } from '../../src/core/search/candidate.ts';
import type { Objectives } from '../../src/core/search/pareto.ts';
import type { Evaluated, Sampler } from '../../src/core/search/sampler.ts';
import { type Space, size } from '../../src/core/search/space.ts';

const engines = [1, 2].map((threads) => ({ threads, graphOptimization: 'All' as const }));
const supernet: Space = {
  dimensions: [
    { name: 'depth', choices: [1, 2, 3] },
    { name: 'width', choices: [8, 16, 24, 32] },
    { name: 'kernel', choices: [3, 5] },
  ],
  precisions: ['FP32', 'INT8Static'],
  engines,
};
const levels = [0, 30, 60, 80, 100];
const expected = levels.map((level) => ({ latency: 0.4 + level / 167, loss: 0.3 * (1 - level / 100) ** 2 }));
const analysed: Space = {
  dimensions: [
    { name: 'low-rank', choices: levels, expected },
    { name: 'prune-neurons', choices: levels, expected },
    { name: 'precision', choices: levels, expected },
  ],
  precisions: ['FP32', 'INT8Static', 'Mixed'],
  engines: engines.slice(0, 1),
  expected: [{ precision: 'INT8Static', latency: 0.5, loss: 0.02 }],
};
/** Too large to be looked at whole. */
const large: Space = {
  ...supernet,
  dimensions: Array.from({ length: 12 }, (_, i) => ({ name: `layer${i}`, choices: [1, 2, 3, 4] })),
};
const spaces = { supernet, analysed, large };

/** Less of everything is faster and loses more. */
function measured(space: Space, { dimensions, precision, engine }: Candidate): number[] {
  const shares = space.dimensions.map(
    ({ name, choices }) => (dimensions[name] ?? Math.max(...choices)) / Math.max(...choices),
  );
  const kept = shares.reduce((sum, share) => sum + share, 0) / shares.length;
  const factor = precision === 'FP32' ? 1 : 0.6;
  return [
    0.1 + (1 - kept) ** 2 + (precision === 'FP32' ? 0 : 0.01),
    ((1 + 9 * kept) * factor) / Math.sqrt(engine.threads),
  ];
}

type Measure = (space: Space, candidate: Candidate, trial: number) => Objectives | undefined;

/** What a sampler must do whatever it is like. */
export function samplerContract(name: string, sampler: Sampler): void {
  function run(space: Space, trials: number, seed: number, measure: Measure = measured): Evaluated[] {
    const history: Evaluated[] = [];
    while (history.length < trials) {
      const [candidate] = sampler(space, history, 1, seed);
      if (!candidate) break;
      history.push({ candidate, objectives: measure(space, candidate, history.length) });
    }
    return history;
  }
  const texts = (space: Space, candidates: readonly Candidate[]) =>
    candidates.map((candidate) => canonical(candidate, space.dimensions));

  describe(`sampler: ${name}`, () => {
    for (const [kind, space] of Object.entries(spaces)) {
      test(`${kind}: the same history and seed give the same proposals, none of them made or named before`, () => {
        const trials = fc.integer({ min: 0, max: 22 });
        fc.assert(
          fc.property(fc.nat(1000), trials, fc.integer({ min: 1, max: 6 }), (seed, made, count) => {
            const history = run(space, made, seed);
            const proposed = sampler(space, history, count, seed);
            assert.deepEqual(sampler(space, structuredClone(history), count, seed), proposed);
            assert.equal(proposed.length, Math.min(count, size(space)));
            const all = texts(space, [...history.map(({ candidate }) => candidate), ...proposed]);
            assert.equal(new Set(all).size, all.length);
          }),
          { numRuns: 5 },
        );
      });

      test(`${kind}: every proposal is in the space`, () => {
        for (const { candidate } of run(space, 20, 4)) {
          assert.ok(space.precisions.includes(candidate.precision));
          assert.ok(space.engines.some(({ threads }) => threads === candidate.engine.threads));
          for (const { name, choices } of space.dimensions) {
            assert.ok(choices.includes(candidate.dimensions[name] ?? Math.max(...choices)), `${name} of the choices`);
          }
        }
      });

      const hindrances: Record<string, Measure> = {
        'trials that fail': (_, candidate, trial) => (trial % 3 === 0 ? undefined : measured(space, candidate)),
        'nothing but failures': () => undefined,
        'equal objectives': () => [0.5, 2],
        'objectives of 0': () => [0, 0],
        'one phase more': (_, candidate) => [...measured(space, candidate), 3],
        'a single objective': (_, candidate) => measured(space, candidate).slice(0, 1),
      };
      for (const [what, measure] of Object.entries(hindrances)) {
        test(`${kind}: ${what} are no hindrance`, () => {
          const history = run(space, 18, 5, measure);
          assert.equal(history.length, 18);
          const proposed = sampler(space, history, 3, 5);
          assert.equal(proposed.length, 3);
        });
      }
    }

    test('a space of one dimension is used up, and then it ends', () => {
      const tiny: Space = { ...supernet, dimensions: supernet.dimensions.slice(1, 2) };
      const history = run(tiny, 1000, 1);
      assert.equal(history.length, size(tiny));
      assert.deepEqual(sampler(tiny, history, 5, 1), []);
      assert.equal(sampler(tiny, [], 1000, 1).length, size(tiny));
      assert.equal(sampler(tiny, history.slice(0, 10), 1000, 1).length, size(tiny) - 10);
    });

    test('a space of one candidate is that candidate', () => {
      const single: Space = {
        dimensions: [{ name: 'depth', choices: [2] }],
        precisions: ['FP32'],
        engines: engines.slice(0, 1),
      };
      assert.equal(run(single, 5, 3).length, 1);
    });

    test('what is measured already, the base at first, is not proposed under another name', () => {
      const base: Candidate = {
        dimensions: {},
        precision: 'FP32',
        engine: engines[0] ?? { threads: 1, graphOptimization: 'All' },
      };
      for (const space of Object.values(spaces)) {
        const history = [{ candidate: base, objectives: measured(space, base) }];
        assert.ok(!texts(space, sampler(space, history, 12, 2)).includes(canonical(base, space.dimensions)));
      }
    });
  });
}
