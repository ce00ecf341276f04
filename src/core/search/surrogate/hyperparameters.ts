import type { Features } from './features.ts';
import type { Kernel } from './kernel.ts';
import { condition, type Observations, type Posterior, trianglePairs } from './process.ts';

/** Logarithms of a kernel's numbers: what is searched over, with a normal prior on each. */
interface Prior {
  mean: number;
  deviation: number;
}

const linearPrior: Prior = { mean: Math.log(1), deviation: 1.5 };
const ratePrior: Prior = { mean: Math.log(0.3), deviation: 1 };
const amplitudePrior: Prior = { mean: Math.log(0.2), deviation: 1 };
const nuggetPrior: Prior = { mean: Math.log(0.02), deviation: 1.5 };
const sharedPrior: Prior = { mean: Math.log(0.003), deviation: 1.2 };

const priorsOf = ({ groups, kinds }: Features): Prior[] => [
  ...groups.map(() => linearPrior),
  ...groups.map(() => ratePrior),
  amplitudePrior,
  nuggetPrior,
  ...(kinds ? [sharedPrior] : []),
];

function kernelOf(logs: readonly number[], groups: number): Kernel {
  const numbers = logs.map(Math.exp);
  return {
    linear: numbers.slice(0, groups),
    rates: numbers.slice(groups, 2 * groups),
    amplitude: numbers[2 * groups] as number,
    nugget: numbers[2 * groups + 1] as number,
    shared: numbers[2 * groups + 2] ?? 0,
  };
}

/** The kernel before anything is known. */
export const priorKernel = (features: Features): Kernel =>
  kernelOf(
    priorsOf(features).map(({ mean }) => mean),
    features.groups.length,
  );

/** Steps of the search along one logarithm, the widest first: a factor of 4.5 and of 2. */
const steps = [1.5, 0.7];

export interface Fit {
  kernel: Kernel;
  posterior: Posterior;
  /** The log of marginal likelihood times prior. */
  score: number;
}

/** The kernel of the largest posterior probability, found along one logarithm after the other. */
export function fit(features: Features, observations: Observations): Fit | undefined {
  const groups = features.groups.length;
  const priors = priorsOf(features);
  const pairs = trianglePairs(features, observations.at);
  const judged = (logs: readonly number[]): Fit | undefined => {
    const kernel = kernelOf(logs, groups);
    const posterior = condition(kernel, pairs, observations);
    if (!posterior) return undefined;
    const penalty = logs.reduce((sum, log, i) => {
      const { mean, deviation } = priors[i] as Prior;
      return sum + 0.5 * ((log - mean) / deviation) ** 2;
    }, 0);
    return { kernel, posterior, score: posterior.evidence - penalty };
  };
  let logs = priors.map(({ mean }) => mean);
  let best = judged(logs);
  for (const step of steps) {
    for (let i = 0; i < logs.length; i++) {
      for (const direction of [step, -step]) {
        // As long as it gets better in this direction; a bound on steps, for a likelihood may grow without end.
        for (let times = 0; times < 3; times++) {
          const moved = logs.with(i, (logs[i] as number) + direction);
          const found = judged(moved);
          if (!found || (best && found.score <= best.score)) break;
          [logs, best] = [moved, found];
        }
      }
    }
  }
  return best;
}
