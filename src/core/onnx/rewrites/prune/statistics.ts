import type { Consumer } from '../../dependency/operation.ts';
import type { Moments, Need, Observations } from '../../observe/observations.ts';
import type { Inference } from '../../shapes/infer.ts';

/**
 * The longest axis whose second moments are asked for: a matrix of 2048² doubles takes 32 MB and a second to factorise.
 * Weights that mix a longer one are chosen from by their size alone, and not repaired.
 */
export const longestObserved = 2048;

const observable = ({ values }: Inference, { input, axis }: Consumer): boolean => {
  const size = values.get(input)?.shape?.[axis];
  return typeof size === 'number' && size <= longestObserved;
};

export const momentsNeeded = (inference: Inference, consumers: readonly Consumer[]): Need[] =>
  consumers
    .filter((consumer) => observable(inference, consumer))
    .map(({ input, axis }) => ({ kind: 'moments', tensor: input, axis }));

/** Moments of what the same weights read, wherever they are used; about the mean where `centred`. */
export interface Statistics {
  count: number;
  size: number;
  mean: Float64Array;
  /** `size`² values, row-major. */
  second: Float64Array;
}

function pooled(moments: readonly Moments[]): Statistics {
  const count = moments.reduce((sum, each) => sum + each.count, 0);
  const size = moments[0]?.mean.length ?? 0;
  const result = { count, size, mean: new Float64Array(size), second: new Float64Array(size * size) };
  for (const { count: own, mean, second } of moments) {
    const share = own / count;
    for (let i = 0; i < size; i++) {
      result.mean[i] = (result.mean[i] as number) + share * (mean[i] as number);
      for (let j = 0; j < size; j++) {
        result.second[i * size + j] = (result.second[i * size + j] as number) + share * second.get(i, j);
      }
    }
  }
  return result;
}

/** What was observed of the inputs of `consumers`, which share their weights; undefined where that is too much. */
export function statisticsOf(
  inference: Inference,
  consumers: readonly Consumer[],
  observed: Observations,
  centred: boolean,
): Statistics | undefined {
  if (!consumers.every((consumer) => observable(inference, consumer))) return undefined;
  const result = pooled(consumers.map(({ input, axis }) => observed.moments(input, axis)));
  if (!centred) return result;
  const { size, mean, second } = result;
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) {
      second[i * size + j] = (second[i * size + j] as number) - (mean[i] as number) * (mean[j] as number);
    }
  }
  return result;
}
