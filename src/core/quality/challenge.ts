import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { z } from 'zod';
import type { Challenge } from '../../api/challenge.ts';
import { distance } from './agreement.ts';

/** Steps between the least and the most: few enough for short decimals, and for 8-bit images each value. */
const steps = 255;

/** How many numbers an input has. */
export const countOf = ({ shape }: Pick<Challenge['inputs'][number], 'shape'>): number =>
  shape.reduce((product, size) => product * size, 1);

/** The numbers of each input in row-major order, the same whenever and wherever they are drawn. */
export function drawn({ seed, inputs }: Pick<Challenge, 'seed' | 'inputs'>): number[][] {
  const random = xoroshiro128plus(seed);
  return inputs.map(({ datatype, shape, low, high }) => {
    const whole = datatype !== 'FP32';
    return Array.from({ length: countOf({ shape }) }, () => {
      const at = uniformInt(random, 0, steps) / steps;
      const value = low + at * (high - low);
      return whole ? Math.round(value) : Number(value.toPrecision(6));
    });
  });
}

/** The question as a request of the Open Inference Protocol v2 in JSON. */
export function questionOf(challenge: Challenge): object {
  const values = drawn(challenge);
  return {
    inputs: challenge.inputs.map(({ name, datatype, shape }, i) => ({
      ...{ name, datatype, shape },
      data: datatype === 'BOOL' ? values[i]?.map(Boolean) : values[i],
    })),
    outputs: challenge.outputs.map(({ name }) => ({ name })),
  };
}

const InferResponse = z.object({ outputs: z.array(z.looseObject({ name: z.string(), data: z.array(z.unknown()) })) });

/** What is wrong with an answer, a clause whose subject is the pod; undefined when it is the variant's. */
export function disagreement(challenge: Challenge, answer: unknown): string | undefined {
  const parsed = InferResponse.safeParse(answer);
  if (!parsed.success) return 'answered with something else than an inference response in JSON';
  for (const { name, count, first } of challenge.outputs) {
    const found = parsed.data.outputs.find((output) => output.name === name);
    if (!found) return `answered without the output "${name}"`;
    const numbers = found.data.flat(Number.POSITIVE_INFINITY).map(Number);
    if (numbers.length !== count)
      return `gave output "${name}" ${numbers.length} numbers where the variant gives ${count}`;
    const { differing, largest } = distance(numbers, first);
    if (differing > 0) {
      const by = Number.isNaN(largest) ? '' : `, by up to ${largest.toPrecision(3)}`;
      return `answered with ${differing} of ${first.length} numbers of output "${name}" that are not the variant's${by}`;
    }
  }
  return undefined;
}
