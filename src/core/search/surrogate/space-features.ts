import type { Expected } from '../../../api/analysis.ts';
import type { Candidate } from '../../../api/candidate.ts';
import { canonical } from '../candidate.ts';
import { mixedDimension, type Space } from '../space.ts';
import { type FeatureGroup, type Features, featuresOf } from './features.ts';

const unchanged: Expected = { latency: 1, loss: 0 };
/** Below this change of the outputs nobody can tell a difference (`outputChange`). */
const noChange = 1e-4;

/** The choice of each dimension; where it isn't named, or doesn't count, the largest. */
const chosen = ({ dimensions }: Space, candidate: Candidate) =>
  dimensions.map(({ name, choices }) => {
    const largest = Math.max(...choices);
    const counts = name !== mixedDimension || candidate.precision === 'Mixed';
    return counts ? (candidate.dimensions[name] ?? largest) : largest;
  });

/** What the analysis expects of a candidate: latencies multiply, losses add up; on logarithmic scales. */
function expectation(space: Space, candidate: Candidate): number[] {
  const start = space.expected?.find(({ precision }) => precision === candidate.precision) ?? unchanged;
  const effects = chosen(space, candidate).map((choice, i) => {
    const { choices = [], expected } = space.dimensions[i] ?? {};
    return expected?.[choices.indexOf(choice)] ?? unchanged;
  });
  const latency = effects.reduce((product, effect) => product * effect.latency, start.latency);
  const loss = effects.reduce((sum, effect) => sum + effect.loss, start.loss);
  return [Math.log(Math.max(1e-3, latency)), Math.log(Math.max(noChange, loss)), Math.sqrt(Math.max(0, loss))];
}

const oneHot = <T>(all: readonly T[], one: T) => all.map((other) => Number(other === one));

/**
 * Candidates as numbers: where each dimension stands between its ends, by order and by size, precision and engine as
 * one of those there are, and what the analysis expects. Candidates that differ in the engine alone are one model.
 */
export function spaceFeatures(space: Space, candidates: readonly Candidate[]): Features {
  const { dimensions, precisions, engines } = space;
  const threads = [...new Set(engines.map((engine) => engine.threads))];
  const levels = [...new Set(engines.map((engine) => engine.graphOptimization))];
  const ranks = dimensions.map(({ choices }) => choices.toSorted((a, b) => a - b));
  const rows = candidates.map((candidate) => chosen(space, candidate));
  const groups: FeatureGroup[] = [
    {
      standardise: true,
      rows: rows.map((row) => row.map((choice, i) => ranks[i]?.indexOf(choice) ?? 0)),
    },
    { standardise: true, rows: rows.map((row) => row.map((choice) => Math.log1p(choice))) },
    { rows: candidates.map(({ precision }) => oneHot(precisions, precision)) },
    {
      rows: candidates.map(({ engine }) => [
        ...oneHot(threads, engine.threads),
        Math.log2(engine.threads),
        ...oneHot(levels, engine.graphOptimization),
      ]),
    },
    ...(dimensions.some(({ expected }) => expected)
      ? [{ standardise: true, rows: candidates.map((candidate) => expectation(space, candidate)) }]
      : []),
  ];
  const engine = { threads: 1, graphOptimization: 'All' as const };
  return featuresOf(
    groups,
    candidates.map((candidate) => canonical({ ...candidate, engine }, dimensions)),
  );
}
