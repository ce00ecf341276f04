import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { pickCandidates } from './candidates.ts';
import { describe } from './design.ts';
import { drawRows, learn } from './experience.ts';
import { simulate } from './fixtures.ts';
import { observe, taskOf } from './observation.ts';
import { leaveOneOut, type Posterior, type ProcessPosterior, posterior } from './posterior.ts';
import { regression } from './regression.ts';
import { whichToMeasure } from './which-to-measure.ts';

const { candidates, groups, targetMs } = simulate(2, { rows: 120, sources: 4 });
const experience = learn(candidates, { groups });
const [lesson] = experience.lessons;
if (!lesson) throw new Error('an experience has lessons');
const { design, belief } = lesson;
const described = describe(design, candidates);

function given(rows: ArrayLike<number>) {
  const ms = Float64Array.from(rows, (i) => targetMs[i] as number);
  // The same noise for all: its unit would be the mean of the measurements, which changes with them.
  const observed = taskOf(design, {
    ...observe(design, pickCandidates(candidates, rows), ms, ms, 0),
    noise: ms.map(() => 1),
  });
  return {
    observed,
    found: posterior(observed, observed.described, design.starts, belief.weights) as ProcessPosterior,
  };
}

test('one more measurement makes no candidate less certain, and its own more so', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1e6 }), fc.integer({ min: 4, max: 15 }), (seed, count) => {
      const rows = drawRows(120, count + 1, seed);
      const [before, after] = [given(rows.subarray(0, count)).found, given(rows).found];
      const at = (found: Posterior, i: number) => found.predict(described, i).unexplained;
      for (let i = 0; i < 120; i += 7) assert.ok(at(after, i) <= at(before, i) * (1 + 1e-6) + 1e-9);
      const added = rows[count] as number;
      assert.ok(at(after, added) < at(before, added));
    }),
    { seed: 1, numRuns: 25 },
  );
});

test('leaving one out in closed form is leaving it out', () => {
  const rows = drawRows(120, 12, 5);
  const { observed, found } = given(rows);
  const left = leaveOneOut(found, observed.values);
  rows.forEach((_, out) => {
    const keep = Array.from(rows.keys()).filter((k) => k !== out);
    const size = keep.length;
    const pick = (values: Float64Array) => Float64Array.from(keep, (k) => values[k] as number);
    const task = {
      ...{ size, values: pick(observed.values), noise: pick(observed.noise), missing: pick(observed.missing) },
      kernels: observed.kernels.map((kernel) =>
        Float64Array.from({ length: size ** 2 }, (_, at) => {
          return kernel[(keep[Math.floor(at / size)] as number) * 12 + (keep[at % size] as number)] as number;
        }),
      ),
    };
    const kept = describe(
      design,
      pickCandidates(
        candidates,
        keep.map((k) => rows[k] as number),
      ),
    );
    const without = posterior(task, kept, design.starts, belief.weights) as ProcessPosterior;
    const { mean, unexplained } = without.predict(observed.described, out);
    const variance = unexplained + Math.exp(belief.weights.noise) * (observed.noise[out] as number);
    assert.ok(Math.abs(mean - (left[out]?.mean ?? Number.NaN)) < 1e-6);
    assert.ok(Math.abs(variance / (left[out]?.variance ?? Number.NaN) - 1) < 1e-6);
  });
});

test('what is chosen to be measured tells more of the rest than what chance picks', () => {
  const unexplained = (rows: ArrayLike<number>) => {
    const { found } = given(rows);
    return Array.from({ length: 120 }, (_, i) => found.predict(described, i).unexplained).reduce((a, b) => a + b);
  };
  const chosen = whichToMeasure(experience, candidates, 12, 1);
  assert.equal(new Set(chosen).size, 12);
  assert.deepEqual(whichToMeasure(experience, candidates, 12, 1), chosen);
  const byChance = [1, 2, 3, 4, 5].map((seed) => unexplained(drawRows(120, 12, seed)));
  assert.ok(unexplained(chosen) < Math.min(...byChance));
  assert.equal(whichToMeasure(experience, candidates, 500, 1).length, 120);
});

test('regression on the columns says the same as the process over the rows', () => {
  const { observed, found } = given(drawRows(120, 90, 3));
  const other = regression(observed, design.starts, belief.weights);
  assert.ok(other && Math.abs(other.variance / found.variance - 1) < 1e-6);
  for (let i = 0; i < 120; i += 5) {
    const [a, b] = [found.predict(described, i), other.predict(described, i)];
    assert.ok(Math.abs(a.mean - b.mean) < 1e-6);
    assert.ok(Math.abs(a.unexplained - b.unexplained) < 1e-6 * (1 + a.unexplained));
  }
});
