import type { Expected } from '../../api/analysis.ts';
import type { Candidate } from '../../api/candidate.ts';
import { undominated } from './allocation/relaxation.ts';
import { mixedDimension, type Space } from './space.ts';

/** A candidate with what its choices are expected to do together. */
export interface Expectation extends Expected {
  candidate: Candidate;
}

/** So many points say where a front runs; more would only be slower to extend. */
const mostPoints = 128;

/** Beyond this nothing is left of what the model was for: outputs as far off as half of their variance. */
const mostLoss = 0.5;

const unchanged: Expected = { latency: 1, loss: 0 };

/** Those that no other beats, evenly thinned; the least loss comes first. */
function best(points: Expectation[]): Expectation[] {
  const front = undominated(points.map(({ latency, loss }) => ({ cost: loss, loss: latency })));
  const step = Math.max(1, (front.length - 1) / (mostPoints - 1));
  const places = Array.from({ length: Math.min(front.length, mostPoints) }, (_, i) => Math.round(i * step));
  return places.map((place) => points[front[place] as number] as Expectation);
}

/**
 * The candidates that should make up the front, by the analysis alone: latencies multiply, losses add up. Ascending in
 * loss; the first is the model as it is. Empty where no analysis says what to expect.
 */
export function expectedFront({ dimensions, precisions, engines, expected = [] }: Space): Expectation[] {
  const engine = engines.at(-1);
  if (!engine || !dimensions.some((dimension) => dimension.expected)) return [];
  const starts = precisions.flatMap((precision): Expectation[] => {
    const found = expected.find((one) => one.precision === precision);
    const effect = precision === 'FP32' || precision === 'Mixed' ? unchanged : found;
    return effect
      ? [{ candidate: { dimensions: {}, precision, engine }, latency: effect.latency, loss: effect.loss }]
      : [];
  });
  const front = dimensions.reduce(
    (points, { name, choices, expected: effects = [] }) =>
      best(
        points
          .flatMap((point) => {
            if (name === mixedDimension && point.candidate.precision !== 'Mixed') return [point];
            return choices.map((choice, i): Expectation => {
              const { latency, loss } = effects[i] ?? unchanged;
              const { dimensions: chosen } = point.candidate;
              return {
                candidate: { ...point.candidate, dimensions: { ...chosen, [name]: choice } },
                latency: point.latency * latency,
                loss: point.loss + loss,
              };
            });
          })
          .filter(({ loss }) => loss <= mostLoss),
      ),
    starts,
  );
  return best(front);
}
